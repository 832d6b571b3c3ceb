#include "proxy/x509/wrong_content.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/x509/material.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::x509 {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kThisPasses[] = "if it is being written right now, wait";

// Returns the message for a file with these bytes, as in a log.
std::string Said(const std::string& bytes, const std::string& path = "/tls/file") {
  auto material = ParseMaterial(bytes, std::nullopt);
  if (!material.ok()) return FaultOf(material.status(), path).ToString();
  return "it holds " + Inventory(*material) + "; " + HintForOther(*material);
}

std::string Pem() { return Root().certificate->ToPem(); }

std::string Replaced(std::string text, const std::string& find, const std::string& replace) {
  for (size_t at = 0; (at = text.find(find, at)) != std::string::npos; at += replace.size()) {
    text.replace(at, find.size(), replace);
  }
  return text;
}

std::string Utf16(const std::string& text) {
  std::string wide;
  for (char c : text) (wide += c) += '\0';
  return wide;
}

std::string Block(const std::string& label, const std::string& base64 = "AQID") {
  return "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n";
}

struct Wrong {
  const char* name;
  std::string bytes;
  const char* what;
  const char* hint;
};

class WrongFile : public testing::TestWithParam<Wrong> {};

TEST_P(WrongFile, IsNamedWithTheCommandThatConvertsIt) {
  const std::string said = Said(GetParam().bytes);
  EXPECT_THAT(said, HasSubstr(GetParam().what));
  EXPECT_THAT(said, HasSubstr(GetParam().hint));
  EXPECT_THAT(said, Not(HasSubstr(kThisPasses)));
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongFile,
    testing::Values(
        Wrong{"Jks", std::string("\xfe\xed\xfe\xed\0\0\0\2", 8), "it is a Java key store (JKS)",
              "keytool -importkeystore -srckeystore /tls/file -destkeystore /tls/file.p12 "
              "-deststoretype PKCS12"},
        Wrong{"Jceks", std::string("\xce\xce\xce\xce\0\0\0\2", 8), "(JCEKS)",
              "-srcstoretype JCEKS"},
        Wrong{"Request", Block("CERTIFICATE REQUEST"), "a certificate signing request",
              "let a CA sign it"},
        Wrong{"PublicKey", Block("PUBLIC KEY"), "a public key", "its private key"},
        Wrong{"OpenSshKey", Block("OPENSSH PRIVATE KEY"), "an OpenSSH private key",
              "ssh-keygen -p -m PKCS8 -f"},
        Wrong{"SshPublicKey", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA me@here\n",
              "it is an SSH public key", "not TLS certificates"},
        Wrong{"PuttyKey", "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n",
              "it is a PuTTY private key", "puttygen"},
        Wrong{"Pgp",
              "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ\n=ab\n-----END PGP PUBLIC KEY "
              "BLOCK-----\n",
              "it is a PGP public key", "not TLS certificates"},
        Wrong{"Html", "\n<!doctype html><html><body>Not Found</body>", "it is an HTML page",
              "fetch the file again"},
        Wrong{"Json", R"({"errors": []})", "it is JSON", "fetch the file again"},
        Wrong{"JsonWithPem",
              "{\"data\": {\"certificate\": \"" + Replaced(Pem(), "\n", "\\n") + "\"}}",
              "it is JSON with PEM in it", "jq -r"},
        Wrong{"Yaml", "apiVersion: v1\nkind: Secret\n", "it is a Kubernetes manifest",
              "kubectl get"},
        Wrong{"Gzip", "\x1f\x8b\x08", "packed with gzip", "gunzip"},
        Wrong{"Zip", "PK\x03\x04...", "a ZIP archive", "unpack it"},
        Wrong{"Base64Alone", absl::Base64Escape(Root().certificate->der()),
              "it is base64 without BEGIN and END lines", "-----BEGIN CERTIFICATE-----"},
        Wrong{"Base64OfPem", absl::Base64Escape(Pem()), "it is PEM encoded in base64 again",
              "base64 -d /tls/file > /tls/file.pem"},
        Wrong{"LiteralLineEnds", Replaced(Pem(), "\n", "\\n"),
              "it is PEM with line ends written as \\n, two characters", "printf '%b\\n'"},
        Wrong{"JoinedLines", Replaced(Pem(), "\n", " "), "it is PEM with all lines joined into one",
              "quote the variable"},
        Wrong{"OldMacLineEnds", Replaced(Pem(), "\n", "\r"), "CR as line ends", "tr '\\r' '\\n'"},
        Wrong{"Utf16", "\xff\xfe" + Utf16(Pem()), "it is text in UTF-16", "iconv -f UTF-16"},
        Wrong{"Utf16WithoutMark", Utf16(Pem()), "it is text in UTF-16", "iconv -f UTF-16"},
        Wrong{"WordProcessor", Replaced(Pem(), "--", "\xe2\x80\x93"),
              "dashes that a word processor has replaced", "plain text"},
        Wrong{"Indented", "  " + Replaced(Pem(), "\n", "\n  "),
              "line 1: this is not a valid BEGIN line", "sed -i 's/^[[:blank:]]*//' /tls/file"},
        Wrong{"NulBytes", std::string(600, '\0'), "only NUL bytes", "copy the file again"},
        Wrong{"TextForm", "Certificate:\n    Data:\n        Version: 3 (0x2)\n",
              "the text form of a certificate", "without -noout"},
        Wrong{"Vault", "$ANSIBLE_VAULT;1.1;AES256\n6162\n", "ansible-vault", "decrypt"},
        Wrong{"Template", "{{ .Data.certificate }}\n", "a template that was not filled in", "fill"},
        Wrong{"LfsPointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
              "a pointer of Git LFS", "git lfs pull"},
        Wrong{"NssDatabase", std::string("SQLite format 3\0", 16), "a database", "pk12util"},
        Wrong{"TpmKey", Block("TSS2 PRIVATE KEY"), "a key in a TPM", "a key in a file"},
        Wrong{"EndAlone", "AQID\n-----END CERTIFICATE-----\n", "this is not a valid BEGIN line",
              "without a BEGIN line"},
        Wrong{"DamagedBase64", Block("CERTIFICATE", "AQ!D"), "is not base64",
              "copy the file again"},
        Wrong{"DamagedCertificate", Block("CERTIFICATE"),
              "it is not an X.509 certificate, or it is damaged: its outer structure is damaged",
              ""},
        Wrong{"KeyUnderAnotherLabel", Block("CERTIFICATE", absl::Base64Escape(Root().key->ToDer())),
              "it is not an X.509 certificate, but a private key", "put the certificate here"},
        Wrong{"SomethingElse", "hello\n", "it is neither PEM nor the DER", "name a file with"}),
    [](const auto& wrong) { return std::string(wrong.param.name); });

TEST(HalfWrittenFile, IsAwaited) {
  const std::string pem = Pem(), der = Root().certificate->der();
  for (const std::string& bytes :
       {std::string(), std::string("\n"), pem.substr(0, 5), pem.substr(0, 20), pem.substr(0, 200),
        pem.substr(0, pem.size() - 4), pem + pem.substr(0, 300), der.substr(0, 100),
        der.substr(0, der.size() - 1)}) {
    EXPECT_THAT(Said(bytes), HasSubstr(kThisPasses)) << bytes;
  }
}

TEST(Fault, LeavesAPathThatAShellWouldSplitAlone) {
  const std::string jks("\xfe\xed\xfe\xed\0\0\0\2", 8);
  EXPECT_THAT(Said(jks, "/tls/a file; rm"), HasSubstr("-srckeystore FILE -dest"));
}

}  // namespace
}  // namespace mantlet::x509
