#include "proxy/io/name_lookup.h"

#include <pthread.h>
#include <signal.h>

#include <mutex>
#include <utility>

#include "absl/status/status.h"

namespace mantlet::io {

struct SystemNameLookup::Mailbox {
  std::mutex mutex;
  Loop* loop = nullptr;  // null once the SystemNameLookup is destroyed
  int threads = 0;
};

struct SystemNameLookup::Job {
  std::shared_ptr<Mailbox> mailbox;
  std::string host;
  uint16_t port = 0;
  Done done;

  // The main function of the thread.
  static void* Run(void* self) {
    const std::unique_ptr<Job> job(static_cast<Job*>(self));
    Answer answer = SocketAddress::Resolve(job->host, job->port);
    const std::lock_guard lock(job->mailbox->mutex);
    --job->mailbox->threads;
    if (job->mailbox->loop == nullptr) return nullptr;
    job->mailbox->loop->Post([mailbox = job->mailbox, done = std::move(job->done),
                              answer = std::move(answer)]() mutable {
      // Only the loop's own thread resets this pointer, so it cannot change here.
      if (mailbox->loop != nullptr) done(std::move(answer));
    });
    return nullptr;
  }
};

SystemNameLookup::SystemNameLookup(Loop& loop) : mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->loop = &loop;
}

SystemNameLookup::~SystemNameLookup() {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->loop = nullptr;
}

void SystemNameLookup::Start(const std::string& host, uint16_t port, Done done) {
  auto job = std::make_unique<Job>(Job{mailbox_, host, port, std::move(done)});
  const std::lock_guard lock(mailbox_->mutex);
  bool started = false;
  if (mailbox_->threads < kMostLookups) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    // A new thread inherits the signal mask; signals are for the threads that expect them.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    started = pthread_create(&thread, &attributes, &Job::Run, job.get()) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
  }
  if (started) {
    ++mailbox_->threads;
    job.release();  // NOLINT(bugprone-unused-return-value): the thread owns it
    return;
  }
  mailbox_->loop->Post([mailbox = mailbox_, done = std::move(job->done), host] {
    if (mailbox->loop == nullptr) return;
    done(absl::ResourceExhaustedError("cannot resolve '" + host +
                                      "': no thread could be started for it"));
  });
}

}  // namespace mantlet::io
