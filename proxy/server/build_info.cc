#include "proxy/server/build_info.h"

#include "config/version.h"
#include "proxy/http1/version.h"
#include "proxy/http2/version.h"
#include "proxy/io/loop.h"
#include "proxy/observe/metrics.h"
#include "proxy/server/commit.h"
#include "proxy/tls/version.h"

namespace mantlet::server {

BuildInfo ThisBuild() {
  return {MANTLET_VERSION,  // of version.bzl
          kCommit,
          {
              {"BoringSSL", tls::BoringSslVersion()},
              {"libuv", io::LibuvVersion()},
              {"llhttp", http1::LlhttpVersion()},
              {"nghttp2", http2::Nghttp2Version()},
              {"yaml-cpp", config::YamlCppVersion()},
              {"prometheus-cpp", observe::PrometheusCppVersion()},
          }};
}

}  // namespace mantlet::server
