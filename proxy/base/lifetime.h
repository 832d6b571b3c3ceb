// Lifetime reports to the methods of an object that are on the stack whether a callback has
// destroyed the object. It is a member of the object; a local variable of the method watches it.
// Each watch costs two stores and no allocation.
//
//   base::Lifetime::Watch watch(lifetime_);
//   handler_->OnData(bytes);        // may destroy this object
//   if (watch.ended()) return;      // before any member is used
//
// One thread only.

#ifndef MANTLET_PROXY_BASE_LIFETIME_H_
#define MANTLET_PROXY_BASE_LIFETIME_H_

namespace mantlet::base {

class Lifetime {
 public:
  Lifetime() = default;
  Lifetime(const Lifetime&) = delete;
  Lifetime& operator=(const Lifetime&) = delete;
  ~Lifetime() {
    for (Watch* watch = innermost_; watch != nullptr; watch = watch->outer_) {
      watch->lifetime_ = nullptr;
    }
  }

  // Watches are nested like the calls that make them: the last one made is destroyed first.
  class Watch {
   public:
    explicit Watch(Lifetime& lifetime) : lifetime_(&lifetime), outer_(lifetime.innermost_) {
      lifetime.innermost_ = this;
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() {
      if (lifetime_ != nullptr) lifetime_->innermost_ = outer_;
    }

    bool ended() const { return lifetime_ == nullptr; }

   private:
    friend class Lifetime;
    Lifetime* lifetime_;  // null once the object is destroyed
    Watch* const outer_;
  };

 private:
  Watch* innermost_ = nullptr;
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_LIFETIME_H_
