#include "proxy/session/protocol_table.h"

#include <algorithm>

#include "proxy/session/http1_session.h"

namespace mantlet::session {
namespace {

std::unique_ptr<Protocol> MakeHttp1(WorkerContext& worker, ProtocolHost& host) {
  return std::make_unique<Http1Session>(worker, host);
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
  return (row == rows_.end() ? rows_.front() : *row).make(worker, host);
}

std::shared_ptr<const ProtocolTable> HttpProtocols() {
  return std::make_shared<const ProtocolTable>(
      std::vector<ProtocolTable::Row>{{"http/1.1", MakeHttp1}, {"http/1.0", MakeHttp1}});
}

}  // namespace mantlet::session
