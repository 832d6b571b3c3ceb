#include "proxy/session/protocol_table.h"

#include <algorithm>
#include <utility>

#include "proxy/session/http1_session.h"
#include "proxy/session/http2_session.h"

namespace mantlet::session {
namespace {

std::unique_ptr<Protocol> MakeHttp1(WorkerContext& worker, ProtocolHost& host) {
  return std::make_unique<Http1Session>(worker, host);
}

std::unique_ptr<Protocol> MakeHttp2(WorkerContext& worker, ProtocolHost& host) {
  return std::make_unique<Http2Session>(worker, host);
}

}  // namespace

std::vector<std::string> ProtocolTable::names() const {
  std::vector<std::string> names;
  for (const Row& row : rows_) names.push_back(row.name);
  return names;
}

std::unique_ptr<Protocol> ProtocolTable::Make(std::string_view name, WorkerContext& worker,
                                              ProtocolHost& host) const {
  auto row = std::find_if(rows_.begin(), rows_.end(),
                          [name](const Row& each) { return each.name == name; });
  return (row == rows_.end() ? rows_[without_alpn_] : *row).make(worker, host);
}

std::shared_ptr<const ProtocolTable> HttpProtocols(
    const std::vector<config::HttpProtocol>& protocols) {
  std::vector<ProtocolTable::Row> rows;
  size_t without_alpn = 0;
  for (const config::HttpProtocol protocol : protocols) {
    if (protocol == config::HttpProtocol::kHttp2) {
      rows.push_back({"h2", MakeHttp2});
    } else {
      without_alpn = rows.size();
      rows.push_back({"http/1.1", MakeHttp1});
      rows.push_back({"http/1.0", MakeHttp1});
    }
  }
  return std::make_shared<const ProtocolTable>(std::move(rows), without_alpn);
}

}  // namespace mantlet::session
