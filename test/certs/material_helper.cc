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

const tls::Credential& Server() {
  static const tls::Credential* server = [] {
    tls::CertificateTemplate what =
        tls::ServerTemplate("server", {"Server.Example", "*.server.example"});
    what.san.uri = {"spiffe://example/server"};
    return new tls::Credential(tls::MakeCredential(what, &tls::Intermediate()));
  }();
  return *server;
}

std::string ChainPem(const tls::Credential& leaf) {
  return leaf.certificate->ToPem() + tls::Intermediate().certificate->ToPem();
}

MemoryFileReader GoodFiles() {
  MemoryFileReader files;
  files.Put(kChain, ChainPem(Server()));
  files.Put(kKey, Server().key->ToPem());
  files.Put(kCa, tls::Root().certificate->ToPem());
  return files;
}

}  // namespace mantlet::certs
