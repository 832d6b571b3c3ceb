#include "config/loader/document.h"

#include <exception>
#include <sstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "config/loader/document_builder.h"
#include "config/loader/text_check.h"

namespace mantlet::config {
namespace {

// Returns a hint for the most frequent messages of the YAML library.
std::string HintFor(const std::string& message) {
  if (message.find("flow") != std::string::npos || message.find("EOF") != std::string::npos) {
    return "look for a bracket or quote that is not closed; within [] and {}, put ${NAME} in "
           "quotes";
  }
  if (message.find("end of map") != std::string::npos ||
      message.find("end of sequence") != std::string::npos) {
    return "check the indentation of this line and of the one before";
  }
  if (message.find("anchor") != std::string::npos) {
    return "aliases (*name) are not supported; write the value out";
  }
  if (message.find("illegal map value") != std::string::npos) {
    return "put a value that contains ': ' in quotes, and check the indentation";
  }
  return "check quotes, brackets and indentation";
}

const char* KindName(Node::Kind kind) {
  return kind == Node::Kind::kSequence ? "a list" : "a single value";
}

// Returns yaml-cpp's message in the same form for all its versions; since 0.8 it contains the
// anchor.
absl::string_view Reason(absl::string_view message) {
  constexpr absl::string_view kUnknownAnchor = "the referenced anchor is not defined";
  return absl::StartsWith(message, kUnknownAnchor) ? kUnknownAnchor : message;
}

}  // namespace

std::optional<Node> ParseDocument(absl::string_view text, const std::string& filename,
                                  std::vector<Diagnostic>& diagnostics) {
  if (auto fault = CheckText(text, filename)) {
    diagnostics.push_back(*std::move(fault));
    return std::nullopt;
  }
  absl::ConsumePrefix(&text, "\xef\xbb\xbf");  // a byte order mark is ignored
  DocumentBuilder builder(text, filename, diagnostics);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const StopParsing&) {
    return std::nullopt;
  } catch (const YAML::Exception& e) {
    builder.Error(builder.LocationOf(e.mark),
                  absl::StrCat("this is not valid YAML: ", Reason(e.msg)), HintFor(e.msg));
    return std::nullopt;
  } catch (const std::exception& e) {
    builder.Error(Location{filename}, absl::StrCat("this cannot be read as YAML: ", e.what()), "");
    return std::nullopt;
  }
  Node& root = builder.root();
  if (root.kind == Node::Kind::kMap) return std::move(root);
  if (root.kind == Node::Kind::kNull) {
    builder.Error(Location{filename}, "the file is empty",
                  "the smallest configuration is in config/examples/minimal.yaml");
  } else if (root.kind != Node::Kind::kRejected) {
    builder.Error(root.where, absl::StrCat("the file is ", KindName(root.kind), ", not a mapping"),
                  "begin with 'listeners:'");
  }
  return std::nullopt;
}

}  // namespace mantlet::config
