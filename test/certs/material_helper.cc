#include "test/certs/material_helper.h"

namespace mantlet::certs {

config::Config OneListener() {
  config::Config config;
  config::Listener listener;
  listener.name = "public";
  config::CertificateFiles files;
  files.chain = kChain;
  files.key = kKey;
  listener.tls.certificates = {files};
  listener.client_auth.trust_bundle = {config::TrustFile{kCa, ""}};
  config.listeners = {listener};
  return config;
}

const x509::Credential& Server() {
  static const x509::Credential* server = [] {
    x509::CertificateTemplate what =
        x509::ServerTemplate("server", {"Server.Example", "*.server.example"});
    what.san.uri = {"spiffe://example/server"};
    return new x509::Credential(x509::MakeCredential(what, &x509::Intermediate()));
  }();
  return *server;
}

std::string ChainPem(const x509::Credential& leaf) {
  return leaf.certificate->ToPem() + x509::Intermediate().certificate->ToPem();
}

MemoryFileReader GoodFiles() {
  MemoryFileReader files;
  files.Put(kChain, ChainPem(Server()));
  files.Put(kKey, Server().key->ToPem());
  files.Put(kCa, x509::Root().certificate->ToPem());
  return files;
}

}  // namespace mantlet::certs
