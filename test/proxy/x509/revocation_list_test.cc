#include "proxy/x509/revocation_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/escaping.h"
#include "proxy/x509/der_writer.h"
#include "test/proxy/x509/crl_maker.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::x509 {
namespace {

using ::testing::HasSubstr;
using Scope = RevocationList::Scope;

const Credential& Client() {
  static const Credential client = MakeCredential(ClientTemplate("client"), &Root());
  return client;
}

std::string Refusal(const std::string& der) {
  auto list = RevocationList::FromDer(der);
  return list.ok() ? "accepted" : std::string(list.status().message());
}

// Returns the error for a valid list after `change`.
std::string RefusalAfter(const std::function<void(CrlTemplate&)>& change) {
  CrlTemplate what = CrlTemplate::Revoking({&Client()});
  change(what);
  return Refusal(MakeCrl(what, Root()));
}

std::string Idp(std::string_view content) {
  return Extension("\x55\x1d\x1c", true, der::Element(der::kSequence, content));
}

TEST(RevocationList, ReportsItsContent) {
  const RevocationListPtr list = List(CrlTemplate::Revoking({&Client()}), Root());
  EXPECT_EQ(list->issuer(), Root().certificate->subject());
  EXPECT_EQ(list->this_update(), kNow - kDay);
  EXPECT_EQ(list->next_update(), kNow + 6 * kDay);
  EXPECT_EQ(list->number(), "01");
  EXPECT_EQ(list->entries(), 1u);
  EXPECT_EQ(list->scope(), Scope::kAll);
  EXPECT_EQ(list->signature_algorithm(), "ecdsa-with-SHA256");
  EXPECT_TRUE(list->Lists(Client().certificate->x509()));
  EXPECT_FALSE(list->Lists(Root().certificate->x509()));
}

TEST(RevocationList, WithoutEntriesNextUpdateAndNumberIsStillOne) {
  CrlTemplate what = CrlTemplate::Revoking({});
  what.next_update = 0;
  what.number = std::nullopt;
  const RevocationListPtr list = List(what, Root());
  EXPECT_EQ(list->entries(), 0u);
  EXPECT_EQ(list->next_update(), 0);
  EXPECT_EQ(list->number(), "");
  EXPECT_FALSE(list->Lists(Client().certificate->x509()));
}

TEST(RevocationList, OfVersionOneIsRead) {
  CrlTemplate what = CrlTemplate::Revoking({&Client()});
  what.version = 1;
  EXPECT_TRUE(List(what, Root())->Lists(Client().certificate->x509()));
}

TEST(RevocationList, OfVersionOneHasNoExtensions) {
  EXPECT_THAT(RefusalAfter([](auto& what) {
                what.version = 1;
                what.extensions = Extension("\x55\x1d\x23", false, "x");
              }),
              HasSubstr("extensions"));
}

TEST(RevocationList, KnowsItsSignerWhateverTheKind) {
  for (KeyType type : {KeyType::kP256, KeyType::kP384, KeyType::kEd25519, KeyType::kRsa2048}) {
    const Credential ca = MakeCredential(CaTemplate("signer"), nullptr, type);
    const Credential namesake = MakeCredential(CaTemplate("signer"), nullptr, type);
    const RevocationListPtr list = List(CrlTemplate::Revoking({&Client()}), ca);
    for (int time = 0; time < 2; ++time) {  // the second answer is remembered
      EXPECT_TRUE(list->SignedBy(ca.certificate->x509()));
      EXPECT_FALSE(list->SignedBy(namesake.certificate->x509()));
      EXPECT_FALSE(list->SignedBy(Root().certificate->x509()));
    }
  }
}

TEST(RevocationList, SignedByAWeakKeyIsNotSigned) {
  const Credential weak = MakeCredential(CaTemplate("weak"), nullptr, KeyType::kRsa1024);
  EXPECT_FALSE(List(CrlTemplate::Revoking({}), weak)->SignedBy(weak.certificate->x509()));
}

TEST(RevocationList, IsNotSignedOnceAByteHasChanged) {
  std::string der = MakeCrl(CrlTemplate::Revoking({&Client()}), Root());
  const std::string serial = SerialOf(*Client().certificate);
  der[der.find(serial) + 3] ^= 1;
  auto list = RevocationList::FromDer(der);
  ASSERT_TRUE(list.ok());
  EXPECT_FALSE((*list)->SignedBy(Root().certificate->x509()));
}

TEST(RevocationList, ReleasesItsContentOnceTheKeyIsFoundAndStillKnowsTheKey) {
  const Credential ca = MakeCredential(CaTemplate("ca"), nullptr, KeyType::kEd25519);
  auto list = RevocationList::FromDer(MakeCrl(CrlTemplate::Revoking({&Client()}), ca));
  ASSERT_TRUE(list.ok());
  EXPECT_TRUE((*list)->SignedBy(ca.certificate->x509()));
  EXPECT_TRUE((*list)->SignedBy(ca.certificate->x509()));
  EXPECT_FALSE((*list)->SignedBy(Root().certificate->x509()));
}

TEST(RevocationList, CanCheckMoreKeysThanItCaches) {
  const RevocationListPtr list = List(CrlTemplate::Revoking({}), Root());
  for (size_t i = 0; i < RevocationList::kMaxRemembered + 2; ++i) {
    const Credential other = MakeCredential(CaTemplate("other"), nullptr);
    EXPECT_FALSE(list->SignedBy(other.certificate->x509()));
  }
  EXPECT_TRUE(list->SignedBy(Root().certificate->x509()));
}

TEST(RevocationList, EqualListsHaveEqualIds) {
  const std::string der = MakeCrl(CrlTemplate::Revoking({&Client()}), Root());
  const std::string other = MakeCrl(CrlTemplate::Revoking({}), Root());
  EXPECT_EQ((*RevocationList::FromDer(der))->id(), (*RevocationList::FromDer(der))->id());
  EXPECT_NE((*RevocationList::FromDer(der))->id(), (*RevocationList::FromDer(other))->id());
}

TEST(RevocationList, ForUsersCertificatesDoesNotCoverCas) {
  CrlTemplate what = CrlTemplate::Revoking({});
  what.extensions = Idp(std::string_view("\x81\x01\xff", 3));
  const RevocationListPtr list = List(what, Root());
  EXPECT_EQ(list->scope(), Scope::kUserCertificates);
  EXPECT_TRUE(list->Covers(Client().certificate->x509()));
  EXPECT_FALSE(list->Covers(Intermediate().certificate->x509()));
}

TEST(RevocationList, ForCasDoesNotCoverUsersCertificates) {
  CrlTemplate what = CrlTemplate::Revoking({});
  what.extensions = Idp(std::string_view("\x82\x01\xff", 3));
  const RevocationListPtr list = List(what, Root());
  EXPECT_FALSE(list->Covers(Client().certificate->x509()));
  EXPECT_TRUE(list->Covers(Intermediate().certificate->x509()));
}

TEST(RevocationList, ReportsItsScope) {
  CrlTemplate what = CrlTemplate::Revoking({});
  EXPECT_EQ(List(what, Root())->ScopeText(), "");
  what.extensions = Idp("\xa0\x05\xa0\x03\x86\x01u\x82\x01\xff");
  const RevocationListPtr named = List(what, Root());
  EXPECT_EQ(named->ScopeText(), "CAs only, published as u");
  what.extensions = Idp(std::string_view("\x83\x02\x06\x40", 4));  // keyCompromise
  const RevocationListPtr some = List(what, Root());
  EXPECT_EQ(some->ScopeText(), "some reasons only");
  EXPECT_EQ(some->distribution_point().reasons, 1 << 1);
  EXPECT_FALSE(named->HasScopeOf(*some));
  EXPECT_TRUE(named->HasScopeOf(*named));
}

TEST(RevocationList, ThatCannotBeAppliedIsRejectedWithItsReason) {
  const struct {
    std::string_view said;
    std::function<void(CrlTemplate&)> change;
  } kCases[] = {
      {"delta", [](auto& w) { w.extensions = Extension("\x55\x1d\x1b", true, "\x02\x01\x01"); }},
      {"indirect", [](auto& w) { w.extensions = Idp(std::string_view("\x84\x01\xff", 3)); }},
      {"no reason", [](auto& w) { w.extensions = Idp(std::string_view("\x83\x02\x07\x80", 4)); }},
      {"only attribute certificates",
       [](auto& w) { w.extensions = Idp(std::string_view("\x85\x01\xff", 3)); }},
      {"only attribute certificates",
       [](auto& w) { w.extensions = Idp(std::string_view("\x81\x01\xff\x82\x01\xff", 6)); }},
      {"distribution point cannot be parsed", [](auto& w) { w.extensions = Idp("\x02\x01\x01"); }},
      // A name without content, a truncated one, one of no kind, a flag without a value, reasons
      // without bits, fields out of order and duplicate fields.
      {"distribution point cannot be parsed",
       [](auto& w) { w.extensions = Idp(std::string_view("\xa0\x02\xa0\x00", 4)); }},
      {"distribution point cannot be parsed",
       [](auto& w) { w.extensions = Idp("\xa0\x05\xa0\x03\x82\x02x"); }},
      {"distribution point cannot be parsed",
       [](auto& w) { w.extensions = Idp("\xa0\x05\xa2\x03\x82\x01x"); }},
      {"distribution point cannot be parsed",
       [](auto& w) { w.extensions = Idp(std::string_view("\x81\x00", 2)); }},
      {"distribution point cannot be parsed",
       [](auto& w) { w.extensions = Idp(std::string_view("\x83\x00", 2)); }},
      {"distribution point cannot be parsed",
       [](auto& w) { w.extensions = Idp("\x81\x01\xff\xa0\x05\xa0\x03\x82\x01x"); }},
      {"distribution point cannot be parsed",
       [](auto& w) { w.extensions = Idp("\x81\x01\xff\x81\x01\xff"); }},
      {"unknown critical extension (1.2.3)",
       [](auto& w) { w.extensions = Extension("\x2a\x03", true, "x"); }},
      {"its CRL number is critical",
       [](auto& w) {
         w.number = std::nullopt;
         w.extensions = Extension("\x55\x1d\x14", true, "\x02\x01\x01");
       }},
      {"is a duplicate",
       [](auto& w) { w.extensions = Extension("\x55\x1d\x14", false, "\x02\x01\x01"); }},
      {"indirect",
       [](auto& w) { w.entries[0].extensions = Extension("\x55\x1d\x1d", true, "\x30"); }},
      {"removeFromCRL",
       [](auto& w) { w.entries[0].extensions = Extension("\x55\x1d\x15", false, "\x0a\x01\x08"); }},
      {"reason code",
       [](auto& w) { w.entries[0].extensions = Extension("\x55\x1d\x15", false, "\x02\x01\x01"); }},
      {"an entry has a critical extension",
       [](auto& w) { w.entries[0].extensions = Extension("\x2a\x03", true, "x"); }},
      {"entry 1 cannot be parsed",
       [](auto& w) { w.entries[0].serial = std::string_view("\x00\x01", 2); }},
      {"entry 1 has a serial number",
       [](auto& w) { w.entries[0].serial = std::string(65, '\x01'); }},
      {"does not name its issuer", [](auto& w) { w.issuer_der = std::string("\x30\x00", 2); }},
      {"before its thisUpdate", [](auto& w) { w.next_update = w.this_update - 1; }},
      {"ecdsa-with-SHA1",
       [](auto& w) {
         w.algorithm = std::string("\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01", 11);
       }},
      {"another signature algorithm",
       [](auto& w) {
         w.inner_algorithm = std::string("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03", 12);
       }},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(RefusalAfter(c.change), HasSubstr(std::string(c.said)));
  }
}

TEST(RevocationList, MayHaveExtensionsThatAreNotCritical) {
  CrlTemplate what = CrlTemplate::Revoking({&Client()});
  what.extensions = Extension("\x2a\x03", false, "x");
  what.entries[0].extensions = Extension("\x55\x1d\x15", false, "\x0a\x01\x01") +  // keyCompromise
                               Extension("\x2a\x03", false, "x");
  EXPECT_TRUE(List(what, Root())->Lists(Client().certificate->x509()));
}

TEST(RevocationList, CutOffAnywhereIsRejected) {
  const std::string der = MakeCrl(CrlTemplate::Revoking({&Client()}), Root());
  for (size_t size = 0; size < der.size(); ++size) {
    EXPECT_NE(Refusal(der.substr(0, size)), "accepted") << size;
  }
}

TEST(RevocationList, FollowedByAnythingIsRejected) {
  EXPECT_EQ(Refusal(MakeCrl(CrlTemplate::Revoking({}), Root()) + "x"),
            "bytes follow the end of the list");
}

TEST(RevocationList, IsNotMadeOfACertificate) {
  EXPECT_NE(Refusal(Root().certificate->der()), "accepted");
}

// Reading one byte at a time gives the same result as reading all at once.
class Trickle final : public ByteSource {
 public:
  explicit Trickle(std::string_view bytes) : source_(bytes) {}
  absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer) override {
    return source_.Read(buffer.first(1));
  }

 private:
  MemorySource source_;
};

TEST(RevocationList, IsReadPieceByPiece) {
  CrlTemplate what = CrlTemplate::Revoking({&Client()});
  for (int i = 0; i < 10'000; ++i) {
    what.entries.push_back(
        {std::string("\x01") + static_cast<char>(i >> 8) + static_cast<char>(i), ""});
  }
  const std::string der = MakeCrl(what, Root());
  Trickle source(der);
  auto list = RevocationList::Parse(source);
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ((*list)->entries(), 10'001u);
  EXPECT_TRUE((*list)->SignedBy(Root().certificate->x509()));
  for (const auto& entry : what.entries) EXPECT_TRUE((*list)->ListsSerial(entry.serial));
  EXPECT_FALSE((*list)->ListsSerial(std::string("\x01\x27\x11", 3)));
  EXPECT_EQ((*list)->id(), (*RevocationList::FromDer(der))->id());
}

class Broken final : public ByteSource {
 public:
  absl::StatusOr<size_t> Read(absl::Span<uint8_t>) override {
    return absl::UnavailableError("the disk is gone");
  }
};

TEST(RevocationList, ReturnsTheErrorsOfItsSource) {
  Broken source;
  EXPECT_EQ(RevocationList::Parse(source).status(), absl::UnavailableError("the disk is gone"));
}

}  // namespace
}  // namespace mantlet::x509
