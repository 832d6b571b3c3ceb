#include "proxy/x509/wrong_content.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/pem_boundary.h"

namespace mantlet::x509 {
namespace {

// The number of bytes that are examined to classify a text; base64 is examined as a whole.
constexpr size_t kHead = 64 * 1024;

struct Known {
  std::string_view starts;
  const char* what;
  const char* hint;
};

constexpr char kToPkcs12[] =
    "convert it with: keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 "
    "-deststoretype PKCS12";
constexpr char kUnpack[] = "unpack it, and name the file inside";
constexpr char kFetchAgain[] =
    "fetch the file again, and check the server's response (curl --fail)";
constexpr char kMakeKey[] =
    "make a key with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY";
constexpr char kSign[] = "let a CA sign it, and name the certificate that it issues";
constexpr char kFromSsh[] =
    "convert it with: ssh-keygen -p -m PKCS8 -f FILE (not for Ed25519: make a new key with openssl "
    "genpkey -algorithm ed25519)";
constexpr char kPlainText[] =
    "write it as plain text: iconv -f UTF-16 -t UTF-8 FILE > FILE.pem; in PowerShell, Out-File "
    "-Encoding ascii";

constexpr Known kBinary[] = {
    {"\xfe\xed\xfe\xed", "a Java key store (JKS)", kToPkcs12},
    {"\xce\xce\xce\xce", "a Java key store (JCEKS)",
     "convert it with: keytool -importkeystore -srckeystore FILE -srcstoretype JCEKS -destkeystore "
     "FILE.p12 -deststoretype PKCS12"},
    {"SQLite format 3", "a database, maybe the certificates of NSS (cert9.db)",
     "export them with: pk12util -o FILE.p12 -n NICKNAME -d DIRECTORY, or certutil -L -a"},
    {"\x1f\x8b", "packed with gzip", "unpack it with: gunzip"},
    {"PK\x03\x04", "a ZIP archive", kUnpack},
    {"BZh", "packed with bzip2", kUnpack},
    {"\xfd"
     "7zXZ",
     "packed with xz", kUnpack},
    {"\x28\xb5\x2f\xfd", "packed with zstd", kUnpack},
    {"7z\xbc\xaf", "a 7z archive", kUnpack},
    {"%PDF", "a PDF document", "ask for the certificate itself, as PEM"},
    {"\x7f"
     "ELF",
     "a program", "name the file with the certificate"},
    {"\xff\xfe", "text in UTF-16", kPlainText},
    {"\xfe\xff", "text in UTF-16", kPlainText},
};

constexpr Known kText[] = {
    {"ssh-rsa ", "an SSH public key", "SSH keys are not TLS certificates"},
    {"ssh-ed25519 ", "an SSH public key", "SSH keys are not TLS certificates"},
    {"ecdsa-sha2-", "an SSH public key", "SSH keys are not TLS certificates"},
    {"sk-ssh-", "an SSH public key", "SSH keys are not TLS certificates"},
    {"---- BEGIN SSH2", "an SSH public key", "SSH keys are not TLS certificates"},
    {"PuTTY-User-Key-File", "a PuTTY private key",
     "convert it with: puttygen FILE -O private-openssh -o FILE.key, then ssh-keygen -p -m PKCS8 "
     "-f FILE.key"},
    {"<!DOCTYPE", "an HTML page", kFetchAgain},
    {"<html", "an HTML page", kFetchAgain},
    {"<?xml", "XML", kFetchAgain},
    {"HTTP/", "an HTTP response with its header", kFetchAgain},
    {"apiVersion:", "a Kubernetes manifest",
     "extract the file from it: kubectl get secret NAME -o jsonpath='{.data.tls\\.crt}' | "
     "base64 -d"},
    {"kind:", "a Kubernetes manifest",
     "extract the file from it: kubectl get secret NAME -o jsonpath='{.data.tls\\.crt}' | "
     "base64 -d"},
    {"$ANSIBLE_VAULT", "encrypted by ansible-vault", "decrypt it with: ansible-vault decrypt"},
    {"age-encryption.org", "encrypted by age", "decrypt it with: age -d"},
    {"version https://git-lfs", "a pointer of Git LFS, not the file", "get it with: git lfs pull"},
    {"Certificate Request:", "the text form of a certificate signing request", kSign},
    {"Certificate:", "the text form of a certificate, without the certificate",
     "write it without -noout: openssl x509 -in CERTIFICATE -out FILE"},
    {"Certificate Revocation List", "the text form of a revocation list, without the list",
     "write it without -noout: openssl crl -in LIST -out FILE"},
    {"{{", "a template that was not filled in", "fill it in"},
    {"${", "a template that was not filled in", "fill it in"},
    {"file:/", "a path instead of the content", "name the file itself"},
    {"null", "an empty value", "check the program that wrote it"},
    {"<no value>", "an empty value", "check the program that wrote it"},
    {"undefined", "an empty value", "check the program that wrote it"},
};

constexpr Known kLabels[] = {
    {"CERTIFICATE REQUEST", "a certificate signing request", kSign},
    {"NEW CERTIFICATE REQUEST", "a certificate signing request", kSign},
    {"PUBLIC KEY", "a public key", "name its private key or its certificate"},
    {"RSA PUBLIC KEY", "a public key", "name its private key or its certificate"},
    {"OPENSSH PRIVATE KEY", "an OpenSSH private key", kFromSsh},
    {"DSA PRIVATE KEY", "a DSA key, which TLS no longer supports", kMakeKey},
    {"DH PARAMETERS", "Diffie-Hellman parameters", "they are not needed; remove them"},
    {"X9.42 DH PARAMETERS", "Diffie-Hellman parameters", "they are not needed; remove them"},
    {"DSA PARAMETERS", "DSA parameters", "they are not needed; remove them"},
    {"ATTRIBUTE CERTIFICATE", "an attribute certificate",
     "it cannot identify a client or a server; remove it"},
    {"TSS2 PRIVATE KEY", "a key in a TPM", "keys in a TPM are not supported; name a key in a file"},
    {"SSL SESSION PARAMETERS", "a TLS session", "leave it out"},
    {"OpenVPN Static key V1", "a static key of OpenVPN", kMakeKey},
    {"SSH2 PUBLIC KEY", "an SSH public key", "SSH keys are not TLS certificates"},
    {"PGP PUBLIC KEY BLOCK", "a PGP public key", "PGP keys are not TLS certificates"},
    {"PGP PRIVATE KEY BLOCK", "a PGP private key", kMakeKey},
    {"PGP MESSAGE", "encrypted with PGP", "decrypt it with: gpg -d FILE"},
    {"PGP SIGNED MESSAGE", "signed with PGP", "remove the signature with: gpg -d FILE"},
    {"PGP SIGNATURE", "a PGP signature", "name the file that it signs"},
    {"AGE ENCRYPTED FILE", "encrypted by age", "decrypt it with: age -d"},
};

Fault Is(const char* what, std::string hint) {
  return {absl::StrCat("it is ", what), std::move(hint)};
}

// Letter case is ignored.
bool Begins(std::string_view bytes, std::string_view start) {
  return bytes.size() >= start.size() &&
         std::equal(start.begin(), start.end(), bytes.begin(), [](char a, char b) {
           return absl::ascii_tolower(static_cast<unsigned char>(a)) ==
                  absl::ascii_tolower(static_cast<unsigned char>(b));
         });
}

template <size_t N>
std::optional<Fault> Find(const Known (&all)[N], std::string_view bytes) {
  for (const Known& known : all) {
    if (Begins(bytes, known.starts)) return Is(known.what, known.hint);
  }
  return std::nullopt;
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Detects UTF-16 without a byte order mark: every other byte of plain text is NUL.
bool IsUtf16(std::string_view bytes) {
  if (bytes.size() < 4 || bytes.size() % 2 != 0) return false;
  const std::string_view head = bytes.substr(0, 256);
  size_t zeros = 0;
  for (char c : head) zeros += c == '\0' ? 1 : 0;
  return zeros * 2 == head.size() && (head[0] == '\0') != (head[1] == '\0');
}

std::optional<Fault> WrongJson(std::string_view text) {
  const size_t second = text.find_first_not_of(" \t\r\n", 1);
  if (second == std::string_view::npos) return std::nullopt;
  const bool object = text.front() == '{' && (text[second] == '"' || text[second] == '}');
  const bool list = text.front() == '[' && (text[second] == '"' || text[second] == '{');
  if (!object && !list) return std::nullopt;
  if (Contains(text, kPemBegin)) {
    return Is("JSON with PEM in it",
              "extract the PEM from it, e.g.: jq -r .data.certificate FILE > FILE.pem");
  }
  if (Contains(text, "\"kty\"")) {
    return Is("a JSON Web Key",
              "name the key or the certificate as PEM; a SPIFFE bundle belongs "
              "under client_auth.spiffe.trust_domains");
  }
  if (Contains(text, "\"apiVersion\"")) {
    return Is("a Kubernetes object in JSON",
              "extract the file from it, e.g.: jq -r "
              "'.data[\"tls.crt\"]' FILE | base64 -d > FILE.pem");
  }
  return Is("JSON", kFetchAgain);
}

// Detects PEM with damaged lines or dashes.
std::optional<Fault> DamagedPem(std::string_view text) {
  if (Contains(text, "\xe2\x80\x93") || Contains(text, "\xe2\x80\x94")) {  // en and em dash
    if (Contains(text, "BEGIN ") && !Contains(text, kPemBegin)) {
      return Is("PEM with dashes that a word processor has replaced",
                "copy it again as plain text");
    }
  }
  const size_t begin = text.find(kPemBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view block = text.substr(begin, text.find("-----END ", begin) - begin);
  if (Contains(block, "\\n")) {
    return Is("PEM with line ends written as \\n, two characters",
              "convert them: printf '%b\\n' \"$(cat FILE)\" > FILE.pem");
  }
  if (Contains(block, "\n")) return std::nullopt;
  if (Contains(block, "\r")) {
    return Is("PEM with CR as line ends", "convert them: tr '\\r' '\\n' < FILE > FILE.pem");
  }
  if (!Contains(text, "-----END ")) return std::nullopt;
  return Is("PEM with all lines joined into one",
            "keep the line ends: if a shell wrote it, quote the variable, e.g. "
            "printf '%s\\n' \"$CERTIFICATE\"");
}

std::optional<Fault> Base64(std::string_view text) {
  std::string packed;
  for (char c : text) {
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) continue;
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '+' && c != '/' && c != '=') {
      return std::nullopt;
    }
    packed += c;
  }
  std::string bytes;
  if (packed.size() < 64 || !absl::Base64Unescape(packed, &bytes)) return std::nullopt;
  if (bytes.starts_with(kPemBegin)) {
    return Is("PEM encoded in base64 again, like the data of a Kubernetes Secret",
              "decode it: base64 -d FILE > FILE.pem");
  }
  if (bytes[0] == 0x30) {
    return Is("base64 without BEGIN and END lines",
              "put -----BEGIN CERTIFICATE----- before and -----END CERTIFICATE----- after it, or "
              "decode it: base64 -d FILE > FILE.der");
  }
  if (auto inside = Find(kBinary, bytes)) {
    inside->what += ", in base64";
    inside->hint = "decode it first: base64 -d FILE";
    return inside;
  }
  return Is("base64 of something unknown", "name the file with the certificate or key");
}

}  // namespace

std::optional<Fault> WrongBlock(std::string_view label) {
  for (const Known& known : kLabels) {
    if (label == known.starts) return Fault{known.what, known.hint};
  }
  return std::nullopt;
}

std::optional<Fault> WrongContent(std::string_view bytes) {
  if (bytes.find_first_not_of('\0') == std::string_view::npos) {
    return Fault{"it contains only NUL bytes, as after a crash",
                 "copy the file again from its source"};
  }
  if (auto binary = Find(kBinary, bytes)) return binary;
  if (bytes.substr(0, 512).size() == 512 && bytes.substr(257, 5) == "ustar") {
    return Is("a tar archive", kUnpack);
  }
  if (IsUtf16(bytes)) return Is("text in UTF-16", kPlainText);
  std::string_view text = bytes;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (text.empty()) return std::nullopt;
  const std::string_view head = text.substr(0, kHead);
  if (auto json = WrongJson(head)) return json;
  if (head.starts_with(kPemBegin)) {
    const std::string_view rest = head.substr(kPemBegin.size());
    if (auto block = WrongBlock(rest.substr(0, rest.find("-----")))) {
      block->what = absl::StrCat("it is ", block->what);
      return block;
    }
  }
  if (auto damaged = DamagedPem(head)) return damaged;
  const bool pem = Contains(head, kPemBegin);
  const std::string_view start = head.starts_with("---\n") ? head.substr(4) : head;
  if (!pem || !start.starts_with("Certificate")) {
    if (auto known = Find(kText, start)) return known;
  }
  return pem ? std::nullopt : Base64(text);
}

}  // namespace mantlet::x509
