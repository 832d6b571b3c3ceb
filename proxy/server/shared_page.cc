#include "proxy/server/shared_page.h"

#include <utility>

namespace mantlet::server {

void SharedPage::Request(Answer answer) {
  waiting_.push_back(std::move(answer));
  if (answering_.empty()) Render();
}

void SharedPage::Render() {
  answering_ = std::exchange(waiting_, {});
  render_([this](const std::string& page) {
    // An answered client may send the next request.
    for (const Answer& answer : std::exchange(answering_, {})) answer(page);
    if (answering_.empty() && !waiting_.empty()) Render();
  });
}

}  // namespace mantlet::server
