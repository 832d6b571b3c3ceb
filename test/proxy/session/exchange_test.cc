#include "proxy/session/exchange.h"

#include <csignal>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "test/proxy/session/exchange_fixture.h"
#include "test/proxy/tls/server_side.h"

namespace mantlet::session {
namespace {

using config::Milliseconds;
using io::RunReady;
using io::RunUntil;

constexpr char kGet[] = "GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n";
constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_F(ExchangeTest, ForwardsARequestAndItsResponse) {
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "\r\n\r\n"));
  EXPECT_TRUE(Peer().handler.data.starts_with("GET /x HTTP/1.1\r\n")) << Peer().handler.data;
  EXPECT_NE(Peer().handler.data.find("192.0.2.1"), std::string::npos) << "X-Forwarded-For";
  Peer().Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 200);
  EXPECT_TRUE(got().ends_with("\r\n\r\nok")) << got();
  EXPECT_EQ(pool_->idle(), 1u);
  EXPECT_FALSE(exchange_->active());
}

TEST_F(ExchangeTest, ServesRequestAfterRequestOverOneUpstreamConnection) {
  for (int i = 0; i < 5; ++i) {
    Client(kGet);
    ASSERT_TRUE(UpstreamHears(1, "GET"));
    Peer().handler.data.clear();
    Peer().Say(kOk);
    EXPECT_EQ(Ended(), End::kKeepAlive);
  }
  EXPECT_EQ(upstream_.peers.size(), 1u);
}

TEST_F(ExchangeTest, StreamsChunkedBodiesBothWays) {
  Client("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  ASSERT_TRUE(UpstreamHears(1, "abc"));
  Client("2\r\nde\r\n0\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(1, "0\r\n\r\n"));
  Peer().Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n");
  ASSERT_TRUE(RunUntil(loop_, [&] { return got().find("xyz") != std::string::npos; }))
      << "a piece is sent on before the next comes";
  Peer().Say("0\r\n\r\n");
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_TRUE(got().ends_with("0\r\n\r\n"));
}

TEST_F(ExchangeTest, ForwardsInterimResponses) {
  Client("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(1, "\r\n\r\n"));
  Peer().Say("HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(RunUntil(loop_, [&] { return got() == "HTTP/1.1 100 Continue\r\n\r\n"; }));
  Client("ab");
  ASSERT_TRUE(UpstreamHears(1, "ab"));
  Peer().Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
}

TEST_F(ExchangeTest, AResponseThatEndsWithItsConnectionIsCompleteForTheClient) {
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  Peer().Say("HTTP/1.1 200 OK\r\n\r\nuntil close");
  Peer().stream->ShutdownWrite();
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_NE(got().find("until close"), std::string::npos);
  EXPECT_TRUE(got().ends_with("0\r\n\r\n")) << "chunked, so that the connection can be kept";
  EXPECT_EQ(pool_->idle(), 0u);
}

TEST_F(ExchangeTest, AnErrorResponseAnnouncesKeepAliveToAnHttp10Client) {
  Policy("default: deny");
  Client("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 403);
  EXPECT_NE(got().find("\r\nConnection: keep-alive\r\n"), std::string::npos) << got();
}

TEST_F(ExchangeTest, AnHttp10ClientThatDidNotAskForItIsNotKept) {
  Policy("default: deny");
  Client("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_EQ(Ended(), End::kClose);
  EXPECT_NE(got().find("\r\nConnection: close\r\n"), std::string::npos) << got();
}

TEST_F(ExchangeTest, CountsTheContentOfOurOwnAnswers) {
  Policy("default: deny");
  Client(kGet);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  const size_t content = got().size() - got().find("\r\n\r\n") - 4;
  ASSERT_GT(content, 0u);
  EXPECT_TRUE(Counted("mantlet_response_bytes_total{listener=\"public\",upstream=\"app\"} " +
                      std::to_string(content)));
  Client("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_TRUE(Counted("mantlet_response_bytes_total{listener=\"public\",upstream=\"app\"} " +
                      std::to_string(content)))
      << "an answer to HEAD has no content";
}

TEST_F(ExchangeTest, AClientThatAskedForCloseIsClosed) {
  Client("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  Peer().Say(kOk);
  EXPECT_EQ(Ended(), End::kClose);
  EXPECT_EQ(pool_->idle(), 1u) << "the upstream connection has nothing to do with it";
}

// ---- retries

class RetryTest : public ExchangeTest {
 protected:
  // Puts one used connection into the pool.
  void Warm() {
    Client(kGet);
    ASSERT_TRUE(UpstreamHears(1, "GET"));
    Peer().Say(kOk);
    ASSERT_EQ(Ended(), End::kKeepAlive);
    client_->sent.clear();
    Peer().handler.data.clear();
  }
  // Makes the upstream send `last_words` and close the pooled connection just when `request`
  // arrives.
  void SendOnStale(std::string_view request, std::string_view last_words = "") {
    upstream_.on_data = [this, said = std::string(last_words)](auto& peer) {
      if (std::exchange(closed_, true)) return;  // the next connection works
      if (!said.empty()) peer.Say(said);
      peer.Hang();
    };
    Client(request);
  }

  bool closed_ = false;
};

TEST_F(RetryTest, AStaleConnectionIsReplacedByANewOneUnseen) {
  Warm();
  SendOnStale(kGet);
  ASSERT_TRUE(UpstreamHears(2, "GET /x HTTP/1.1\r\n"));
  Peer(1).Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(pool_->idle(), 1u);
}

TEST_F(RetryTest, AConnectionThatWasIdleBeforeItsFirstRequestMayBeStale) {
  Client(kGet);
  exchange_->Cancel(base::ProxyError(base::ErrorReason::kClientClosed));
  ASSERT_EQ(Ended(), End::kAbort);
  ASSERT_TRUE(RunUntil(loop_, [&] { return pool_->idle() == 1; })) << "its attempt goes on";
  SendOnStale(kGet);
  ASSERT_TRUE(UpstreamHears(2, "GET /x"));
  Peer(1).Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 200);
}

TEST_F(RetryTest, AResetCountsAsStaleToo) {
  Warm();
  Peer().stream->SetReading(false);  // closing with unread bytes resets
  Client(kGet);
  Peer().Hang();
  ASSERT_TRUE(UpstreamHears(2, "GET /x"));
  Peer(1).Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
}

TEST_F(RetryTest, HappensOnlyOnce) {
  Warm();
  SendOnStale(kGet);
  ASSERT_TRUE(UpstreamHears(2, "GET"));
  Peer(1).Hang();
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 502);
  EXPECT_EQ(upstream_.peers.size(), 2u);
}

TEST_F(RetryTest, DoesNotHappenBeyondTheBudget) {
  Warm();
  while (pool_->TryRetry()) {
  }
  SendOnStale(kGet);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 502);
  EXPECT_EQ(upstream_.peers.size(), 1u);
  EXPECT_TRUE(Counted("mantlet_upstream_retries_over_budget_total{upstream=\"app\"} 1"));
  EXPECT_TRUE(Counted("mantlet_upstream_retries_total{upstream=\"app\"} 0"));
}

TEST_F(RetryTest, DoesNotHappenOnAFreshConnection) {
  SendOnStale(kGet);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 502);
  EXPECT_EQ(upstream_.peers.size(), 1u);
}

TEST_F(RetryTest, DoesNotHappenForAMethodThatIsNotIdempotent) {
  Warm();
  SendOnStale("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 502);
  EXPECT_EQ(upstream_.peers.size(), 1u);
}

TEST_F(RetryTest, DoesNotHappenWithABody) {
  Warm();
  SendOnStale("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 502);
  EXPECT_EQ(upstream_.peers.size(), 1u);
}

TEST_F(RetryTest, AnIdempotentMethodWithoutABodyIsRetriedWhateverItsName) {
  Warm();
  SendOnStale("DELETE /y HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(2, "DELETE /y"));
  Peer(1).Say("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 204);
}

TEST_F(RetryTest, DoesNotHappenAfterAnInterimResponse) {
  Warm();
  SendOnStale(kGet, "HTTP/1.1 103 Early Hints\r\n\r\n");
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(upstream_.peers.size(), 1u);
  EXPECT_NE(got().find("HTTP/1.1 502 "), std::string::npos) << got();
}

TEST_F(RetryTest, DoesNotHappenAfterAByteOfTheResponse) {
  Warm();
  SendOnStale(kGet, "HTTP/1.1 2");
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 502);
  EXPECT_EQ(upstream_.peers.size(), 1u);
}

TEST_F(RetryTest, AnUnrepeatableRequestIsNotSentOnAnEndedConnection) {
  for (const char* request : {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
                              "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"}) {
    const size_t before = upstream_.peers.size();
    Client(kGet);
    ASSERT_TRUE(UpstreamHears(before + 1, "GET"));
    upstream_.peers.back()->Say(kOk);
    ASSERT_EQ(Ended(), End::kKeepAlive);
    upstream_.peers.back()->Hang();  // the loop has not reported it yet
    Client(request);
    ASSERT_TRUE(UpstreamHears(before + 2, "\r\n\r\n")) << request;
    upstream_.peers.back()->Say(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(Ended(), End::kKeepAlive);
    EXPECT_FALSE(Counted("code=\"502\""));
  }
}

// ---- errors

TEST_F(ExchangeTest, AnUpstreamThatRefusesIs502) {
  target_->addresses = {io::SocketAddress::Unix("/nowhere/nobody.sock").value()};
  Client(kGet);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 502);
  EXPECT_TRUE(Counted("method=\"GET\",code=\"502\"} 1"));
}

TEST_F(ExchangeTest, AnUpstreamThatDoesNotSpeakHttpIs502) {
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  Peer().Say("220 smtp.example ESMTP\r\n");
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 502);
  EXPECT_EQ(pool_->idle(), 0u);
}

TEST_F(ExchangeTest, AnUpstreamThatDoesNotAnswerInTimeIs504) {
  target_->config.timeouts.response_head = Milliseconds(60);
  Client(kGet);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 504);
  EXPECT_TRUE(RunUntil(loop_, [&] { return Peer().handler.ends == 1; })) << "not to be reused";
}

TEST_F(ExchangeTest, AHeadThatTricklesIs504InTime) {
  signal(SIGPIPE, SIG_IGN);  // as in the daemon: the upstream may write once more
  target_->config.timeouts.response_head = Milliseconds(300);
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  uv_update_time(loop_.uv());
  const int64_t began = loop_.now_ms();
  Peer().Say("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nX: ");
  base::FunctionTimer trickle([&] {
    if (Peer().handler.ends > 0) return;  // it was cut
    if (loop_.now_ms() < began + 10'000) loop_.ArmIn(trickle, 50);
    Peer().Say("x");
  });
  loop_.ArmIn(trickle, 50);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_LT(loop_.now_ms(), began + 10'000);
  EXPECT_NE(got().find("HTTP/1.1 504 "), std::string::npos) << got();
  loop_.timers().Cancel(trickle);
}

TEST_F(ExchangeTest, TheHeadsDeadlineBeginsWithTheEndOfTheRequest) {
  target_->config.timeouts.response_head = Milliseconds(300);
  Client("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
  ASSERT_TRUE(UpstreamHears(1, "a"));
  uv_update_time(loop_.uv());
  const int64_t began = loop_.now_ms();
  ASSERT_TRUE(RunUntil(loop_, [&] { return loop_.now_ms() > began + 500; }));
  EXPECT_TRUE(exchange_->active()) << "the client's turn";
  Client("b");
  ASSERT_TRUE(UpstreamHears(1, "ab"));
  Peer().Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 200);
}

TEST_F(ExchangeTest, AnEventStreamMayBeSilentForItsOwnTime) {
  target_->config.timeouts.body = Milliseconds(60);
  target_->config.timeouts.event_stream = Milliseconds(600);
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  Peer().Say(
      "HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream ; charset=utf-8\r\n\r\ndata: 1\n\n");
  ASSERT_TRUE(RunUntil(loop_, [&] { return got().find("data: 1") != std::string::npos; }));
  uv_update_time(loop_.uv());
  const int64_t began = loop_.now_ms();
  ASSERT_TRUE(RunUntil(loop_, [&] { return loop_.now_ms() > began + 300; }));
  EXPECT_TRUE(exchange_->active());
  Peer().Say("data: 2\n\n");
  ASSERT_TRUE(RunUntil(loop_, [&] { return got().find("data: 2") != std::string::npos; }));
  const int64_t last = loop_.now_ms();
  EXPECT_EQ(Ended(), End::kAbort);
  EXPECT_GE(loop_.now_ms() - last, 600) << "each event gives it all of its time again";
}

TEST_F(ExchangeTest, OnlyTheExactMediaTypeIsAnEventStream) {
  target_->config.timeouts.body = Milliseconds(60);
  for (const char* field :
       {"Content-Type: text/event-stream-list", "Content-Type: text/plain; of=text/event-stream",
        "X-Content-Type: text/event-stream", "Accept: text/event-stream"}) {
    client_->sent.clear();
    const size_t before = upstream_.peers.size();
    Client(kGet);
    ASSERT_TRUE(UpstreamHears(before + 1, "GET"));
    upstream_.peers.back()->Say("HTTP/1.1 200 OK\r\n" + std::string(field) + "\r\n\r\nhalf");
    EXPECT_EQ(Ended(), End::kAbort) << field;
  }
}

TEST_F(ExchangeTest, AClientThatDoesNotReadAnEventStreamIsAborted) {
  listener_.config.timeouts.write = Milliseconds(60);
  client_->room = 0;
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  Peer().Say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" +
             std::string(4 * 1024 * 1024, 'x'));
  EXPECT_EQ(Ended(), End::kAbort);
}

TEST_F(ExchangeTest, ARequestThatWaitsTooLongForAConnectionIs503) {
  target_->config.pool.connections = 1;
  target_->config.timeouts.queue = Milliseconds(60);
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  Peer().Say(kOk);
  Ended();
  auto taken = pool_->TakeIdle(upstream::Pool::Request::kRepeatable);  // another exchange
  ASSERT_TRUE(taken);
  client_->sent.clear();
  Client(kGet);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 503);
  EXPECT_EQ(got().find("oo many"), std::string::npos) << got();
  EXPECT_TRUE(Counted("reason=\"timeout_queue\"} 1"));
}

TEST_F(ExchangeTest, AnUpstreamThatStopsWithinItsResponseIsAnAbort) {
  target_->config.timeouts.body = Milliseconds(60);
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  Peer().Say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(Ended(), End::kAbort);
}

TEST_F(ExchangeTest, AnOverloadedWorkerAnswers503AndAsksLater) {
  worker_.shedder.SetTarget(Milliseconds(50));
  for (int64_t now_ms = 1000; now_ms < 10'000; now_ms += LoadShedder::kIntervalMs) {
    worker_.shedder.EndInterval({.now_ms = now_ms,
                                 .busy_ms = LoadShedder::kIntervalMs,
                                 .turn_ms = 100,
                                 .cpu_us = now_ms * 1000});
  }
  EXPECT_FALSE(worker_.shedder.RefusesRequest()) << "one of ten is let in";
  Client(kGet);
  EXPECT_EQ(Status(), 503);
  EXPECT_NE(got().find("\r\nRetry-After: 1\r\n"), std::string::npos);
  EXPECT_TRUE(upstream_.peers.empty());
  EXPECT_TRUE(Counted("mantlet_overload_refused_total{listener=\"public\",what=\"request\"} 1"));
}

TEST_F(ExchangeTest, AFullPoolIs503) {
  target_->config.pool.connections = 1;
  target_->config.pool.pending = 0;
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  Peer().Say(kOk);
  Ended();
  auto taken = pool_->TakeIdle(upstream::Pool::Request::kRepeatable);  // another exchange
  ASSERT_TRUE(taken);
  client_->sent.clear();
  Client(kGet);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 503);
}

TEST_F(ExchangeTest, PolicyDenyIs403AndNothingReachesTheUpstream) {
  Policy("default: deny");
  Client(kGet);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 403);
  RunReady(loop_);
  EXPECT_TRUE(upstream_.peers.empty());
  EXPECT_TRUE(Counted("mantlet_policy_denials_total{listener=\"public\",rule=\"default\"} 1"));
}

TEST_F(ExchangeTest, ARequestThatComesInADrainIsAnsweredAsTheLastOne) {
  worker_.draining = true;
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  Peer().Say(kOk);
  EXPECT_EQ(Ended(), End::kClose);
  EXPECT_EQ(Status(), 200);
  EXPECT_NE(got().find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST_F(ExchangeTest, UnderClientAuthenticationAHostOfAnotherCertificateIs421) {
  tls::ServerSide side;
  x509::Credential second =
      x509::MakeCredential(x509::ServerTemplate("second", {"b.example"}), &x509::Root());
  side.options.credentials = {tls::Serve(tls::ServerCertificate(), {"a.example"}),
                              tls::Serve(second, {"b.example"})};
  auto context = tls::ServerContext::Create(side.options);
  ASSERT_TRUE(context.ok()) << context.status();
  facts_.served = {context->get(), 0, x509::LeafKeySet::All()};
  Client("GET / HTTP/1.1\r\nHost: B.example:8443\r\n\r\n");
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 421);
  EXPECT_TRUE(upstream_.peers.empty());
  client_->sent.clear();
  Client("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(1, "GET")) << "the same connection may go on with its own host";
  Peer().Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
}

TEST_F(ExchangeTest, CertificatesSideBySideForOneNameAreNoMisdirection) {
  tls::ServerSide side;
  x509::Credential ecdsa =
      x509::MakeCredential(x509::ServerTemplate("e", {"a.example"}), &x509::Root());
  x509::Credential ed25519 = x509::MakeCredential(x509::ServerTemplate("d", {"a.example"}),
                                                  &x509::Root(), x509::KeyType::kEd25519);
  side.options.credentials = {tls::Serve(ecdsa, {"a.example"}), tls::Serve(ed25519, {"a.example"})};
  auto context = tls::ServerContext::Create(side.options);
  ASSERT_TRUE(context.ok()) << context.status();
  const x509::LeafKeySet only = {x509::LeafKey::kEd25519};
  facts_.served = {context->get(), (*context)->Select("a.example", only), only};
  ASSERT_EQ(facts_.served.index, 1u);
  Client("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  Peer().Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
}

TEST_F(ExchangeTest, AnErrorAnswerToHeadHasNoBody) {
  target_->addresses = {io::SocketAddress::Unix("/nowhere/nobody.sock").value()};
  Client("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 502);
  EXPECT_TRUE(got().ends_with("\r\n\r\n")) << got();
}

TEST_F(ExchangeTest, ATruncatedResponseAbortsAndIsIncomplete) {
  for (const char* head :
       {"Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"}) {
    client_->sent.clear();
    Client(kGet);
    const size_t count = upstream_.peers.size();
    ASSERT_TRUE(UpstreamHears(count == 0 ? 1 : 2, "GET"));
    upstream_.peers.back()->Say(std::string("HTTP/1.1 200 OK\r\n") + head);
    upstream_.peers.back()->stream->ShutdownWrite();
    EXPECT_EQ(Ended(), End::kAbort) << head;
    EXPECT_NE(got().find("half"), std::string::npos);
    EXPECT_TRUE(got().find("half") + 6 >= got().size()) << "nothing but the chunk's end: " << got();
    EXPECT_EQ(pool_->idle(), 0u);
  }
}

TEST_F(ExchangeTest, AnAnswerBeforeTheRequestIsCompleteIsTheLastOne) {
  Client("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  ASSERT_TRUE(UpstreamHears(1, "abc"));
  Peer().Say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(Ended(), End::kLinger);
  EXPECT_EQ(Status(), 413);
  EXPECT_NE(got().find("onnection: close\r\n"), std::string::npos) << got();
  EXPECT_TRUE(RunUntil(loop_, [&] { return Peer().handler.ends == 1; }));
  EXPECT_EQ(pool_->idle(), 0u);
}

TEST_F(ExchangeTest, ARefusalWithinTheRequestIsAnsweredAndTheUpstreamLetGo) {
  Client("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  ASSERT_TRUE(UpstreamHears(1, "abc"));
  exchange_->Refuse(base::ProxyError(base::ErrorReason::kRequestTimeout));
  EXPECT_EQ(Ended(), End::kLinger);
  EXPECT_EQ(Status(), 408);
  EXPECT_TRUE(RunUntil(loop_, [&] { return Peer().handler.ends == 1; }));
}

TEST_F(ExchangeTest, AClientThatLeftEndsTheUpstreamsPartToo) {
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  exchange_->Cancel(base::ProxyError(base::ErrorReason::kClientClosed));
  EXPECT_EQ(Ended(), End::kAbort);
  EXPECT_EQ(got(), "");
  EXPECT_TRUE(RunUntil(loop_, [&] { return Peer().handler.ends == 1; }));
  EXPECT_TRUE(Counted("method=\"GET\",code=\"0\"} 1"));
}

// ---- tunnels

TEST_F(ExchangeTest, SwitchingProtocolsGivesTheUpstreamStreamAway) {
  Client("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(1, "websocket"));
  Peer().Say(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst");
  EXPECT_EQ(Ended(), End::kTunnel);
  EXPECT_EQ(Status(), 101);
  EXPECT_TRUE(got().ends_with("\r\n\r\n")) << "the tunnel's bytes are the tunnel's";
  Exchange::Upgraded upgraded = exchange_->TakeUpgraded();
  EXPECT_EQ(upgraded.upstream.received, "first");
  ASSERT_NE(upgraded.upstream.stream, nullptr);
  upgraded.upstream.stream->Write("frame");
  upgraded.upstream.stream->Flush();
  EXPECT_TRUE(UpstreamHears(1, "frame"));
}

constexpr char kExec[] =
    "POST /exec HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n";
constexpr char kSwitch[] =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

TEST_F(ExchangeTest, AnUpgradeWithContentOpensATunnelAfterIt) {
  Client(std::string(kExec) + "Content-Length: 6\r\n\r\n{tty:1");
  ASSERT_TRUE(UpstreamHears(1, "{tty:1"));
  EXPECT_NE(Peer().handler.data.find("\r\nUpgrade: tcp\r\n"), std::string::npos);
  Peer().Say(kSwitch);
  EXPECT_EQ(Ended(), End::kTunnel);
  exchange_->TakeUpgraded();
  exchange_->FinishTunnel(10, 20);
  EXPECT_TRUE(Counted("mantlet_request_bytes_total{listener=\"public\",upstream=\"app\"} 16"));
}

TEST_F(ExchangeTest, A101BeforeTheEndOfTheRequestWaitsForIt) {
  Client(std::string(kExec) + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  ASSERT_TRUE(UpstreamHears(1, "abc"));
  Peer().Say(std::string(kSwitch) + "prompt");
  ASSERT_TRUE(RunUntil(loop_, [&] { return Status() == 101; }));
  Peer().Say(" and more");
  RunReady(loop_);
  EXPECT_TRUE(ends_.empty()) << "the client is still within its request";
  Client("3\r\ndef\r\n");
  ASSERT_TRUE(UpstreamHears(1, "3\r\ndef\r\n"));
  EXPECT_TRUE(ends_.empty());
  Client("0\r\n\r\n");
  EXPECT_EQ(Ended(), End::kTunnel);
  ASSERT_TRUE(UpstreamHears(1, "0\r\n\r\n")) << "the whole request, framed";
  EXPECT_TRUE(got().ends_with("\r\n\r\n")) << "the tunnel's bytes are the tunnel's";
  EXPECT_EQ(exchange_->TakeUpgraded().upstream.received, "prompt");
}

TEST_F(ExchangeTest, AnUpstreamThatDiesBetweenA101AndTheEndOfTheRequestIsAnAbort) {
  std::signal(SIGPIPE, SIG_IGN);  // as the process does
  Client(std::string(kExec) + "Content-Length: 2000000\r\n\r\nab");
  ASSERT_TRUE(UpstreamHears(1, "ab"));
  Peer().Say(kSwitch);
  ASSERT_TRUE(RunUntil(loop_, [&] { return Status() == 101; }));
  Peer().stream->Close();
  for (int i = 0; i < 30 && ends_.empty(); ++i) {
    Client(std::string(64 * 1024, 'x'));
    RunReady(loop_);
  }
  EXPECT_EQ(Ended(), End::kAbort);
}

TEST_F(ExchangeTest, AnUpgradeWithContentThatIsAnsweredOtherwiseIsAnOrdinaryExchange) {
  Client(std::string(kExec) + "Content-Length: 2\r\n\r\nab");
  ASSERT_TRUE(UpstreamHears(1, "ab"));
  Peer().Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  Client(kGet);
  Peer().Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
}

TEST_F(ExchangeTest, AnUpgradeThatIsNotForwardedIsLogged) {
  Client(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: x\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(1, "\r\n\r\n"));
  EXPECT_EQ(Peer().handler.data.find("pgrade"), std::string::npos);
  EXPECT_NE(log_.text().find("upgrade_ignored"), std::string::npos);
  EXPECT_NE(log_.text().find("\"protocol\":\"h2c\""), std::string::npos) << log_.text();
  Peer().Say(kSwitch);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 502);
}

TEST_F(ExchangeTest, ARefusedUpgradeIsAnOrdinaryResponse) {
  Client("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(1, "websocket"));
  Peer().Say(kOk);
  EXPECT_NE(Ended(), End::kTunnel);
  EXPECT_EQ(Status(), 200);
}

// ---- back-pressure

TEST_F(ExchangeTest, AClientThatTakesNothingHoldsTheUpstreamBack) {
  constexpr size_t kMuch = 4 * 1024 * 1024;
  client_->room = 0;
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  Peer().Say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kMuch) + "\r\n\r\n" +
             std::string(kMuch, 'x'));
  for (int i = 0; i < 20; ++i) RunReady(loop_);
  EXPECT_GT(client_->pending.size(), 0u);
  EXPECT_LT(client_->pending.size(), 512u * 1024) << "memory is bounded";
  EXPECT_GT(Peer().stream->buffered(), 0u);
  client_->Take(SIZE_MAX);
  exchange_->OnResponseDrained();
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(got().size() - got().find("\r\n\r\n") - 4, kMuch);
  EXPECT_EQ(pool_->idle(), 1u);
}

TEST_F(ExchangeTest, AClientThatTakesNothingForTooLongIsAnAbort) {
  constexpr size_t kMuch = 4 * 1024 * 1024;
  listener_.config.timeouts.write = Milliseconds(60);
  client_->room = 0;
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  Peer().Say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kMuch) + "\r\n\r\n" +
             std::string(kMuch, 'x'));
  EXPECT_EQ(Ended(), End::kAbort);
}

TEST_F(ExchangeTest, AClientThatTakesLittleByLittleIsWaitedFor) {
  constexpr size_t kMuch = 4 * 1024 * 1024;
  listener_.config.timeouts.write = Milliseconds(400);
  client_->room = 0;
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  Peer().Say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kMuch) + "\r\n\r\n" +
             std::string(kMuch, 'x'));
  for (const int64_t end = loop_.now_ms() + 1500; loop_.now_ms() < end;) {
    client_->Take(100);
    const int64_t then = loop_.now_ms();
    ASSERT_TRUE(RunUntil(loop_, [&] { return loop_.now_ms() > then; }));
    ASSERT_TRUE(ends_.empty()) << "cut off after " << client_->sent.size() << " bytes";
  }
  EXPECT_GT(client_->pending.size(), 0u);
  EXPECT_EQ(Ended(), End::kAbort) << "once it takes nothing any more";
}

TEST_F(ExchangeTest, AnUpstreamThatTakesLittleByLittleIsWaitedFor) {
  constexpr size_t kMuch = 4 * 1024 * 1024;
  target_->config.timeouts.write = Milliseconds(400);
  Client("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kMuch) + "\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(1, "\r\n\r\n"));
  Peer().stream->SetReading(false);
  while (!paused_) Client(std::string(64 * 1024, 'y'));
  // A read takes 64 KiB at most: not enough for the socket to become writable.
  upstream_.on_data = [](auto& peer) { peer.stream->SetReading(false); };
  for (int i = 0; i < 5; ++i) {
    const int64_t then = loop_.now_ms();
    ASSERT_TRUE(RunUntil(loop_, [&] { return loop_.now_ms() > then + 250; }));
    ASSERT_TRUE(ends_.empty()) << "cut off after " << i << " reads";
    Peer().stream->SetReading(true);
    const size_t before = Peer().handler.data.size();
    ASSERT_TRUE(RunUntil(loop_, [&] { return Peer().handler.data.size() > before; }));
  }
  EXPECT_EQ(Ended(), End::kLinger) << "once it takes nothing any more";
  EXPECT_EQ(Status(), 504);
}

TEST_F(ExchangeTest, AnUpstreamThatTakesNothingHoldsTheClientBack) {
  constexpr size_t kMuch = 4 * 1024 * 1024;
  Client("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kMuch) + "\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(1, "\r\n\r\n"));
  Peer().stream->SetReading(false);
  size_t sent = 0;
  while (!paused_ && sent < kMuch) {
    Client(std::string(64 * 1024, 'y'));
    sent += 64 * 1024;
  }
  ASSERT_TRUE(paused_);
  EXPECT_LT(sent, kMuch);
  Peer().stream->SetReading(true);
  ASSERT_TRUE(RunUntil(loop_, [&] { return !paused_; }));
  while (sent < kMuch) {
    Client(std::string(64 * 1024, 'y'));
    sent += 64 * 1024;
  }
  ASSERT_TRUE(RunUntil(loop_, [&] { return Peer().handler.data.size() > kMuch; }));
  Peer().Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_FALSE(paused_);
}

TEST_F(ExchangeTest, AConnectionWithContentThatTheUpstreamHasNotTakenIsNotUsedAgain) {
  constexpr size_t kContent = 300 * 1024;  // more than the kernel accepts, but too little to pause
  Client("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kContent) + "\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(1, "\r\n\r\n"));
  Peer().stream->SetReading(false);
  Client(std::string(kContent, 'y'));
  ASSERT_FALSE(paused_);
  Peer().Say(kOk);  // without reading the content
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(pool_->idle(), 0u);
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(2, "GET /x"));
  Peer(1).Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
}

TEST_F(ExchangeTest, AnEarlyResponseToContentInTheKernelKeepsTheConnection) {
  Client("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
  ASSERT_TRUE(UpstreamHears(1, "\r\n\r\n"));
  Peer().stream->SetReading(false);
  Client("yy");
  Peer().Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
  EXPECT_EQ(pool_->idle(), 1u);
}

TEST_F(ExchangeTest, ABodyThatComesBeforeTheConnectionWaitsAndIsNotLost) {
  Client("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  EXPECT_TRUE(paused_) << "no more until there is a place for it";
  ASSERT_TRUE(UpstreamHears(1, "abc"));
  EXPECT_FALSE(paused_);
  Client("def");
  ASSERT_TRUE(UpstreamHears(1, "abcdef"));
  Peer().Say(kOk);
  EXPECT_EQ(Ended(), End::kKeepAlive);
}

// ---- destruction

TEST_F(ExchangeTest, MayBeDestroyedWhileItWaitsForAConnection) {
  Client(kGet);
  exchange_.reset();
  for (int i = 0; i < 5; ++i) RunReady(loop_);
  EXPECT_TRUE(ends_.empty());
}

TEST_F(ExchangeTest, MayBeDestroyedWhileItWaitsForAResponse) {
  Client(kGet);
  ASSERT_TRUE(UpstreamHears(1, "GET"));
  exchange_.reset();
  EXPECT_TRUE(RunUntil(loop_, [&] { return Peer().handler.ends == 1; }));
  EXPECT_TRUE(ends_.empty());
}

}  // namespace
}  // namespace mantlet::session
