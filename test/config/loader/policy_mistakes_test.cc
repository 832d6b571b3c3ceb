#include <string>

#include "test/config/loader/mistake.h"

namespace mantlet::config {
namespace {

// Replaces the line "    tls:", so that the rule begins in line 8.
std::string Rule(const std::string& rest) {
  return "    policy:\n      rules:\n        - name: r\n" + rest + "    tls:\n";
}
std::string Match(const std::string& rest) {
  return Rule("          action: allow\n          match:\n            " + rest + "\n");
}

const Mistake kMistakes[] = {
    {"ARuleWithoutAction", "    tls:\n", Rule(""),
     "m.yaml:8:11: listeners[0].policy.rules[0] has no 'action'; add 'action: allow'"},
    {"AnActionThatIsNone", "    tls:\n", Rule("          action: alow\n"),
     "m.yaml:9:19: action: 'alow' is not known here; did you mean 'allow'?"},
    {"ARuleNamedDefault", "    tls:\n",
     "    policy: {rules: [{name: default, action: deny}]}\n    tls:\n",
     "m.yaml:6:29: name: 'default' is reserved for the decision without a matching rule; give the "
     "rule another name"},
    {"TwoRulesOfOneName", "    tls:\n",
     Rule("          action: deny\n          match: {path: /a/**}\n"
          "        - {name: r, action: deny, match: {path: /b/**}}\n"),
     "m.yaml:11:18: two of the rules are named 'r'; rename this one or the one in line 8"},
    {"AConditionThatIsNone", "    tls:\n", Match("spiffe_ids: spiffe://a/b"),
     "m.yaml:11:13: unknown key 'spiffe_ids' in listeners[0].policy.rules[0].match; did you mean "
     "'spiffe_id'?"},
    {"AnEmptyCondition", "    tls:\n", Match("path: []"),
     "m.yaml:11:19: path is empty; add at least one, or remove the key"},
    {"AnEmptyAny", "    tls:\n", Match("any: []"),
     "m.yaml:11:18: any is empty; begin an item with '- '"},
    {"AMappingForACondition", "    tls:\n", Match("path: {a: b}"),
     "m.yaml:11:19: path: expected a list, found a mapping; begin each item with '- '"},
    {"AListForNot", "    tls:\n", Match("not: [{cn: a}]"),
     "m.yaml:11:18: not: expected a mapping, found a list; write its keys below it, indented, as "
     "KEY: VALUE"},
    {"APathWithoutSlash", "    tls:\n", Match("path: a/b"),
     "m.yaml:11:19: path: no path can match 'a/b': a path begins with '/'; begin it with '/', or "
     "with '/**/'"},
    {"APathWithAQuery", "    tls:\n", Match("path: /a?b"),
     "m.yaml:11:19: path: no path can match '/a?b': the query is not part of it; end it before the "
     "'?'"},
    {"AnEncodedPath", "    tls:\n", Match("path: /a%20b"),
     "m.yaml:11:19: path: no path can match '/a%20b': paths are compared decoded; write the "
     "character itself"},
    {"APathWithDots", "    tls:\n", Match("path: [/a, /b/../c]"),
     "m.yaml:11:24: path[1]: no path can match '/b/../c': '.' and '..' are resolved first; write "
     "the path "
     "that is meant"},
    {"APathWithAnEmptySegment", "    tls:\n", Match("path: /a//b"),
     "m.yaml:11:19: path: no path can match '/a//b': empty segments are merged first; write a "
     "single '/'"},
    {"APathWithASemicolon", "    tls:\n", Match("path: /a;b"),
     "m.yaml:11:19: path: no path can match '/a;b': paths with ';' or '\\' are rejected; leave it "
     "out"},
    {"StarsWithinASegment", "    tls:\n", Match("path: /a**"),
     "m.yaml:11:19: path: '/a**' has a '**' that is not a segment of its own; write '*' within a "
     "segment, or "
     "'**' between two '/' for any number of segments"},
    {"AnIdWithoutScheme", "    tls:\n", Match("spiffe_id: example.org/a"),
     "m.yaml:11:24: spiffe_id: no SPIFFE ID can match 'example.org/a': its scheme is not "
     "spiffe; write spiffe://example.org/ns/*/sa/web"},
    {"AnIdInUpperCase", "    tls:\n", Match("spiffe_id: spiffe://Example.org/a"),
     "m.yaml:11:24: spiffe_id: no SPIFFE ID can match 'spiffe://Example.org/a': the trust domain "
     "is not in lower case; write spiffe://example.org/ns/*/sa/web"},
    {"AnIdWithoutPath", "    tls:\n", Match("spiffe_id: spiffe://example.org"),
     "m.yaml:11:24: spiffe_id: no SPIFFE ID can match 'spiffe://example.org': an ID has a path; "
     "add '/**' for "
     "all of the trust domain, or see trust_domain"},
    {"AnIdThatEndsWithASlash", "    tls:\n", Match("spiffe_id: spiffe://example.org/a/"),
     "m.yaml:11:24: spiffe_id: no SPIFFE ID can match 'spiffe://example.org/a/': its path has "
     "an empty segment, or ends with a slash; write spiffe://example.org/ns/*/sa/web"},
    {"AUriWithoutScheme", "    tls:\n", Match("uri_san: example.org"),
     "m.yaml:11:22: uri_san: 'example.org' is not a URI; begin it with its scheme, as in "
     "https://example.org/**"},
    {"AWildcardWithinALabel", "    tls:\n", Match("dns_san: a*.example.org"),
     "m.yaml:11:22: dns_san: 'a*.example.org' has a '*' that is not the whole first label; write "
     "a.example.org, or *.example.org for any one label"},
    {"AnSniThatIsAnAddress", "    tls:\n", Match("sni: 'a:443'"),
     "m.yaml:11:18: sni: 'a:443' is not a DNS name; write a.example.org, or *.example.org for any "
     "one label"},
    {"AnIssuerWithSlashes", "    tls:\n", Match("issuer: /C=DE/CN=Ca"),
     "m.yaml:11:21: issuer: '/C=DE/CN=Ca' is not a distinguished name; write it as `mantlet certs "
     "show` does: "
     "CN=Example CA,O=Example"},
    {"AMethodWithABlank", "    tls:\n", Match("method: 'GET '"),
     "m.yaml:11:21: method: 'GET ' is not a method; write GET, POST …"},
    {"AnEmptyText", "    tls:\n", Match("cn: ''"),
     "m.yaml:11:17: cn: the text is empty; write one, or remove the key"},
    {"APresenceThatIsNone", "    tls:\n", Match("client_cert: true"),
     "m.yaml:11:26: client_cert: 'true' is not known here; write one of present, absent"},
    {"MatchesNestedTooDeep", "    tls:\n", Match("not: {not: {any: [{all: [{not: {cn: a}}]}]}}"),
     "m.yaml:11:44: any, all and not are nested more than 4 deep; write several rules instead"},
};

INSTANTIATE_TEST_SUITE_P(PolicyMistakes, MistakeTest, testing::ValuesIn(kMistakes), NameOf);

}  // namespace
}  // namespace mantlet::config
