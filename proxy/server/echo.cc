#include "proxy/server/echo.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proxy/base/process_setup.h"
#include "proxy/http/header_list.h"
#include "proxy/io/loop.h"
#include "proxy/io/signals.h"
#include "proxy/observe/endpoint.h"
#include "proxy/server/endpoint_server.h"
#include "proxy/server/listening_sockets.h"
#include "proxy/server/signal_action.h"

namespace mantlet::server {
namespace {

observe::EndpointResponse Echo(const observe::EndpointRequest& request) {
  observe::EndpointResponse response;
  std::string& text = response.body;
  text = absl::StrCat(std::string(request.method), " ", std::string(request.path),
                      request.query.empty() ? "" : "?", std::string(request.query), " HTTP/1.1\n");
  for (const http::HeaderView field : *request.headers) {
    absl::StrAppend(&text, std::string(field.name), ": ", std::string(field.value), "\n");
  }
  if (!request.body.empty()) absl::StrAppend(&text, "\n", std::string(request.body), "\n");
  response.content_length = text.size();
  if (request.method == "HEAD") text.clear();
  return response;
}

}  // namespace

absl::Status RunEcho(const config::Address& address,
                     const std::function<void(const std::string& address)>& on_listening) {
  base::PrepareDaemon();
  io::Loop loop;
  const io::Signals signals(loop, HandledSignals(), [&loop](int number) {
    if (ActionOf(number) == SignalAction::kDrain) loop.Stop();
  });
  ListeningSockets sockets({});
  absl::StatusOr<std::vector<BoundListener>> bound =
      sockets.Open(address, 1, ListeningSockets::PortSharing::kExclusive);
  if (!bound.ok()) return bound.status();
  const EndpointServer server(loop, std::move(bound->front().sockets[0]), Echo,
                              EndpointServer::Pages::kOfEachRequest);
  on_listening(bound->front().address);
  loop.Run();
  sockets.RemoveFiles([](const std::string&) { return false; });
  return absl::OkStatus();
}

}  // namespace mantlet::server
