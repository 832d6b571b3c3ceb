// A reader of HTTP/1.1 messages after RFC 9112 and nothing else, independent of mantlet's parsers.
// It takes no form that the RFC only tolerates. The whole text is read at once, so that it needs no
// state.

#ifndef MANTLET_TEST_FUZZ_STRICT_HTTP1_H_
#define MANTLET_TEST_FUZZ_STRICT_HTTP1_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mantlet::fuzz {

struct Message {
  std::string method, target;                               // of a request
  int status = 0;                                           // of a response
  int minor = 1;                                            // HTTP/1.x
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case
  std::string content;
  bool complete = false;
  bool until_close = false;  // a response that ends with its connection

  // Returns the value of the only field of this name; empty if there is none or more than one.
  std::string Get(std::string_view name) const;
  size_t Count(std::string_view name) const;
};

struct Messages {
  std::vector<Message> read;  // the last one may be incomplete
  std::string malformed;      // why reading ended early; empty if it did not
  std::string_view rest;      // what follows the last message, e.g. after an upgrade
};

// Reads requests. Reading ends behind a request for which `last` returns true.
Messages ReadRequests(std::string_view bytes, bool (*last)(const Message&) = nullptr);
// Reads the responses to `requests`, interim ones (1xx) included. `ended`: the connection has ended
// in order behind `bytes`. Reading ends behind a response of status 101.
Messages ReadResponses(std::string_view bytes, const std::vector<std::string>& methods, bool ended);

}  // namespace mantlet::fuzz

#endif  // MANTLET_TEST_FUZZ_STRICT_HTTP1_H_
