// Any bytes as name constraints (a length, then that many) and as alternative names
// (the rest): what some names are allowed together each is allowed alone; what is
// not excluded by a subtree is not permitted by it; and the forms of names keep to
// the rules that one subtree has.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/verify/name_constraints.h"
#include "proxy/x509/der_writer.h"
#include "proxy/x509/name_forms.h"
#include "proxy/x509/subject_names.h"
#include "test/fuzz/fuzz_input.h"

namespace mantlet::fuzz {
namespace {

using verify::NameConstraints;
using x509::GeneralName;
using x509::SubjectNames;
using x509::Within;

constexpr int64_t kPlenty = 1'000'000;

bool Allowed(const NameConstraints& constraints, const SubjectNames& names) {
  int64_t budget = kPlenty;
  return !constraints.Violation(names, &budget).has_value();
}

SubjectNames Only(const GeneralName& name) {
  SubjectNames one;
  one.general.push_back(name);
  return one;
}

// A name constraint of one subtree. `tag`: 0 permits it, 1 excludes it.
std::optional<NameConstraints> OneSubtree(int tag, const GeneralName& base) {
  namespace der = x509::der;
  const std::string name =
      x509::der::Element(x509::der::Context(static_cast<int>(base.form)), base.value);
  auto parsed = NameConstraints::Parse(x509::der::Element(
      x509::der::kSequence, x509::der::Element(x509::der::ContextConstructed(tag),
                                               x509::der::Element(x509::der::kSequence, name))));
  if (!parsed.ok()) return std::nullopt;
  return *std::move(parsed);
}

void CompareOneSubtree(const GeneralName& base, const GeneralName& name) {
  const std::optional<NameConstraints> permitted = OneSubtree(0, base);
  const std::optional<NameConstraints> excluded = OneSubtree(1, base);
  Require(permitted.has_value() == excluded.has_value(), "a base that is and is none", base.value);
  if (!permitted.has_value()) return;
  const bool in = Allowed(*permitted, Only(name)), out = Allowed(*excluded, Only(name));
  if (base.form != name.form) {
    Require(in && out, "a constraint on another form", base.value, name.value);
  } else {
    Require(!in || !out, "permitted, and not excluded", base.value, name.value);
  }
}

void CompareForms(std::string_view constraint, std::string_view name) {
  if (x509::IsHostConstraint(constraint)) {
    const bool in = x509::DnsNameWithin(name, constraint) == Within::kInside;
    const std::string below = "x." + std::string(name);
    Require(!in || below.size() > 253 || name.substr(0, 2) == "*." ||
                x509::DnsNameWithin(below, constraint) == Within::kInside,
            "what is below is not inside", constraint, name);
    const bool host = x509::UriWithin(name, constraint) == Within::kInside;
    Require(!host || x509::UriHost(name).has_value(), "a URI without a host", name);
  }
  for (auto* within : {&x509::DnsNameWithin, &x509::UriWithin, &x509::MailboxWithin}) {
    if ((*within)(name, constraint) == Within::kInside) {
      Require((*within)(name, "") == Within::kInside, "inside of a part only", constraint, name);
    }
  }
}

void Verify(const std::string& constraints_der, std::string_view names_der) {
  SubjectNames names;
  const bool readable = x509::ReadGeneralNames(names_der, &names);
  auto constraints = NameConstraints::Parse(constraints_der);
  if (constraints.ok() && readable && Allowed(*constraints, names)) {
    for (const GeneralName& name : names.general) {
      Require(Allowed(*constraints, Only(name)), "allowed in company only", name.value);
    }
  }
  for (size_t i = 0; i + 1 < names.general.size() && i < 8; ++i) {
    CompareOneSubtree(names.general[i], names.general[i + 1]);
    CompareForms(names.general[i].value, names.general[i + 1].value);
  }
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::Input input(data, size);
  const std::string constraints = input.Text();
  mantlet::fuzz::Verify(constraints, input.Rest());
  mantlet::fuzz::CompareForms(constraints, input.Rest());
  return 0;
}
