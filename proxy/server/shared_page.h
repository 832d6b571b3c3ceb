// SharedPage renders a page that takes long, away from the main loop. All requests that wait share
// one rendering, which begins after they have arrived; one at a time is in progress.
//
// Main loop only.

#ifndef MANTLET_PROXY_SERVER_SHARED_PAGE_H_
#define MANTLET_PROXY_SERVER_SHARED_PAGE_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace mantlet::server {

class SharedPage {
 public:
  using Answer = std::function<void(const std::string& page)>;
  using Done = std::function<void(const std::string& page)>;

  // `render` makes the page and calls `done` once on the main loop, in a later turn.
  explicit SharedPage(std::function<void(Done done)> render) : render_(std::move(render)) {}
  SharedPage(const SharedPage&) = delete;

  // Calls `answer` once with the page.
  void Request(Answer answer);

 private:
  void Render();

  const std::function<void(Done)> render_;
  std::vector<Answer> waiting_;    // for the next rendering
  std::vector<Answer> answering_;  // for the one in progress; empty if there is none
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_SHARED_PAGE_H_
