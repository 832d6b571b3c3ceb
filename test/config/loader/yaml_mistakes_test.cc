// Errors in the YAML syntax.

#include "test/config/loader/mistake.h"

namespace mantlet::config {
namespace {

const Mistake kMistakes[] = {
    {"AnUnclosedQuote", "upstream: app", "upstream: \"app",
     "m.yaml:5:15: the quote that opens here is never closed; close it with \""},
    {"AnUnclosedBracket", "[ca.crt]", "[ca.crt",
     "m.yaml:12:10: this is not valid YAML: end of sequence flow not found; look for a "
     "bracket or quote that is not closed; within [] and {}, put ${NAME} in quotes"},
    {"WrongIndentation", "    upstream: app", "     upstream: app",
     "m.yaml:5:14: this is not valid YAML: illegal map value; put a value that contains "
     "': ' in quotes, and check the indentation"},
    {"AValueWithAColon", "upstream: app", "upstream: app: b",
     "m.yaml:5:18: this is not valid YAML: illegal map value; put a value that contains "
     "': ' in quotes, and check the indentation"},
    {"ATabInTheIndentation", "    upstream: app", "\x09upstream: app",
     "m.yaml:5:1: the indentation contains a tab; indent with spaces, as YAML requires"},
    {"AnAnchor", "upstream: app", "upstream: &a app",
     "m.yaml:5:15: YAML anchors (&name) are not supported; remove the anchor"},
    {"AnAlias", "    upstream: app\n", "    upstream: *a\n",
     "m.yaml:5:15: this is not valid YAML: the referenced anchor is not defined; aliases "
     "(*name) are not supported; write the value out"},
    {"AnAnchorAndItsAlias", "  - name: app\n    address: 127.0.0.1:8080",
     R"(  - &u
    name: app
    address: 127.0.0.1:8080
  - *u)",
     "m.yaml:13:5: YAML anchors (&name) are not supported; remove the anchor\n"
     "m.yaml:16:5: YAML aliases (*name) are not supported; write the value out"},
    {"AMergeKey", "workers: 2", "<<: {workers: 2}",
     "m.yaml:1:1: YAML merge keys (<<) are not supported; write the keys out"},
    {"ATag", "workers: 2", "workers: !!int 2",
     "m.yaml:1:10: the YAML tag 'tag:yaml.org,2002:int' is not supported; remove the tag"},
    {"ASecondDocument", "workers: 2",
     R"(workers: 2
---
log: {})",
     "m.yaml:2:1: a second YAML document begins here; keep one document in the file"},
    {"AKeyThatStandsTwice", "    upstream: app\n",
     R"(    upstream: app
    upstream: app
)",
     "m.yaml:6:5: 'upstream' is defined twice; keep this one or the one in line 5"},
    {"AListAsKey", "workers: 2", "[workers]: 2",
     "m.yaml:1:1: expected a key, found a list or mapping; a key is a word, followed by ':'"},
    {"AMissingKey", "workers: 2", ": 2",
     "m.yaml:1:1: a key is missing before ':'; write KEY: VALUE"},
    {"TooMuchNesting", "workers: 2", "workers: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
     "m.yaml:1:25: nested more than 16 levels deep; no key of a configuration is nested that "
     "deeply"},
    {"BytesThatAreNotUtf8", "upstream: app", "upstream: \xff",
     "m.yaml:5:15: the byte 0xff is not UTF-8; save the file as UTF-8"},
    {"AControlCharacter", "upstream: app", "upstream: \x07",
     "m.yaml:5:15: the file contains the control character 0x07; remove it"},
    {"ABlockOfText", "upstream: app\n", "upstream: |\n      app\n",
     "m.yaml:5:15: the text contains a line break or control character; write it on one line, in "
     "printable characters"},
    {"AnEscapedLineBreakInAKey", "workers: 2", "\"work\\ners\": 2",
     "m.yaml:1:1: the text contains a line break or control character; write it on one line, in "
     "printable characters"},
    {"ALongValue", "upstream: app", "upstream: " + std::string(5000, 'a'),
     "m.yaml:5:15: the text is longer than 4096 bytes; no key or value is that long; look for a "
     "missing quote"},
    {"ATextWithoutKeys", "", "listeners\n",
     "m.yaml:1:1: the file is a single value, not a mapping; begin with 'listeners:'"},
    {"AListAtTheTop", "", "- listeners\n",
     "m.yaml:1:1: the file is a list, not a mapping; begin with 'listeners:'"},
    {"AnEmptyFile", "", "# nothing\n",
     "m.yaml: the file is empty; the smallest configuration is in config/examples/minimal.yaml"},
};

INSTANTIATE_TEST_SUITE_P(YamlMistakes, MistakeTest, testing::ValuesIn(kMistakes), NameOf);

}  // namespace
}  // namespace mantlet::config
