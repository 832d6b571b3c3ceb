// DocumentBuilder builds Nodes from the events of the YAML library.

#ifndef MANTLET_CONFIG_LOADER_DOCUMENT_BUILDER_H_
#define MANTLET_CONFIG_LOADER_DOCUMENT_BUILDER_H_

#include <yaml-cpp/yaml.h>
// The library's umbrella header does not include this one.
#include <yaml-cpp/eventhandler.h>

#include <string>
#include <vector>

#include "config/loader/document.h"

namespace mantlet::config {

// Thrown from an event to stop the library; a diagnostic has the reason. Never leaves
// ParseDocument.
struct StopParsing {};

// Receives the events of one text. Not reusable. Text and diagnostics must outlive it.
class DocumentBuilder : public YAML::EventHandler {
 public:
  DocumentBuilder(absl::string_view text, std::string filename,
                  std::vector<Diagnostic>& diagnostics);

  Node& root() { return root_; }
  Location LocationOf(const YAML::Mark& mark) const;
  void Error(const Location& where, std::string what, std::string hint);

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { Close(); }

 private:
  // A collection whose end has not been seen.
  struct Open {
    Node node;
    bool has_key = false;  // in a map: `key` waits for its value
    std::string key;
    Location key_location;
    bool key_rejected = false;  // the value that follows is dropped
  };

  bool ExpectsKey() const;
  bool Presentable(const Node& scalar);
  void Begin(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
             YAML::anchor_t anchor);
  void Close();
  void TakeKey(const Node& node);
  void TakeValue(Node node);
  void Take(Node node);
  void CheckQuoteCloses(const Location& where);
  void RejectUnsupported(const Location& where, const std::string& tag, YAML::anchor_t anchor);

  const absl::string_view text_;
  std::vector<size_t> line_starts_;
  const std::string filename_;
  std::vector<Diagnostic>& diagnostics_;
  Node root_;
  std::vector<Open> open_;
  int documents_ = 0;
};

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_DOCUMENT_BUILDER_H_
