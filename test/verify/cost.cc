// Prints the processor time that one verification of the usual chains costs,
// parsing of what the client presented included.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <vector>

#include "proxy/verify/chain_verifier.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::tls {
namespace {

double CpuMicroseconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

void Measure(const char* what, const verify::ChainVerifier& verifier,
             const std::vector<const x509::Credential*>& credentials) {
  constexpr int kRounds = 9, kCalls = 500;
  const std::vector<std::string_view> chain = x509::Chain(credentials);
  std::vector<double> rounds;
  bool good = true;
  for (int i = 0; i < kRounds; ++i) {
    const double begin = CpuMicroseconds();
    for (int j = 0; j < kCalls; ++j) good &= verifier.Verify(chain, x509::kNow).ok();
    rounds.push_back((CpuMicroseconds() - begin) / kCalls);
  }
  std::sort(rounds.begin(), rounds.end());
  std::printf("%-40s %7.1f us%s\n", what, rounds[kRounds / 2], good ? "" : "  (refused)");
}

int Main() {
  const verify::ChainVerifier verifier(x509::Trust({x509::Root()}), {});
  const x509::Credential direct =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root());
  const x509::Credential below =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Intermediate());
  const x509::Credential stranger = x509::MakeCredential(x509::CaTemplate("stranger"), nullptr);
  const x509::Credential unknown = x509::MakeCredential(x509::ClientTemplate("client"), &stranger);
  Measure("leaf, anchor", verifier, {&direct});
  Measure("leaf, intermediate, anchor", verifier, {&below, &x509::Intermediate()});
  Measure("leaf, intermediate, anchor (sent, too)", verifier,
          {&below, &x509::Intermediate(), &x509::Root()});
  Measure("leaf of an unknown CA", verifier, {&unknown});
  return 0;
}

}  // namespace
}  // namespace mantlet::tls

int main() { return mantlet::tls::Main(); }
