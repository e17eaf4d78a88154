// The queue, and libcrypt behind it.
#include "actors/exposition/password_check.hpp"

#include <cstring>
#include <memory>
#include <utility>

#include <crypt.h>
#include <gnutls/gnutls.h>

namespace pgstatsmon {

namespace {

constexpr size_t bcrypt_max = 72;
constexpr size_t bcrypt_digest = 31; // the last letters of a hash; before it cost and salt

} // namespace

bool is_password(std::string_view password, const std::string& hash) {
  auto has_nul = password.find('\0') != std::string_view::npos;
  std::string text{password.substr(0, bcrypt_max)};
  auto scratch = std::make_unique<crypt_data>();
  const auto* made = crypt_r(text.c_str(), hash.c_str(), scratch.get());
  explicit_bzero(text.data(), text.size());
  if (made == nullptr || hash.size() < bcrypt_digest)
    return false;
  std::string_view found{made};
  // A salt may be written in several ways, and libcrypt writes it in its own.
  auto same = found.size() == hash.size()
              && gnutls_memcmp(found.data() + found.size() - bcrypt_digest,
                               hash.data() + hash.size() - bcrypt_digest, bcrypt_digest)
                   == 0;
  return same && !has_nul; // for libcrypt a password ends at a NUL
}

password_checker::~password_checker() {
  close();
  {
    std::lock_guard guard{mutex_};
    end_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool password_checker::submit(password_job&& x) {
  std::lock_guard guard{mutex_};
  if (closed_ || waiting_.size() >= max_waiting)
    return false;
  auto& of_peer = by_peer_[x.peer];
  if (of_peer >= max_waiting_of_peer)
    return false;
  waiting_.push_back(std::move(x));
  ++of_peer;
  changed_.notify_all();
  return true;
}

void password_checker::close() {
  std::unique_lock lock{mutex_};
  closed_ = true;
  auto dropped = std::exchange(waiting_, {});
  for (const auto& x : dropped)
    forget_peer(x.peer);
  lock.unlock();
  for (const auto& x : dropped)
    x.done(check_result::dropped);
  lock.lock();
  changed_.wait(lock, [this] { return !busy_; });
}

void password_checker::open() {
  std::lock_guard guard{mutex_};
  closed_ = false;
}

void password_checker::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return end_ || !waiting_.empty(); });
    if (waiting_.empty())
      return;
    auto job = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    lock.unlock();
    auto right = is_password(job.password, job.hash);
    job.done(right ? check_result::right : check_result::wrong);
    lock.lock();
    forget_peer(job.peer);
    busy_ = false;
    changed_.notify_all();
  }
}

void password_checker::forget_peer(const std::string& peer) {
  auto i = by_peer_.find(peer);
  if (i != by_peer_.end() && --i->second == 0)
    by_peer_.erase(i);
}

} // namespace pgstatsmon
