// Checks passwords on one thread of its own: bcrypt is slow on purpose.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace pgstatsmon {

/// Whether a password is the one of a bcrypt hash. As bcrypt defines it, 72 bytes of it count.
/// Takes the time that the hash's cost asks for, whatever the answer.
bool is_password(std::string_view password, const std::string& hash);

/// What became of a check.
enum class check_result : uint8_t {
  right,
  wrong,
  dropped, ///< Nobody looked: the checker was closed.
};

/// A password to be checked.
struct password_job {
  std::string password;
  std::string hash;
  std::string peer;                       ///< Who asks: of one peer, only a few may wait.
  std::function<void(check_result)> done; ///< Called once, by any thread; must not throw.
};

/// A bounded queue and the thread that works on it. Any thread may call any member.
class password_checker {
public:
  static constexpr size_t max_waiting = 64;
  static constexpr size_t max_waiting_of_peer = 8;

  password_checker() : thread_{[this] { run(); }} {}
  password_checker(const password_checker&) = delete;
  password_checker& operator=(const password_checker&) = delete;
  ~password_checker();

  /// Queues a job. False, and the job stays untouched, when there is no place or the checker is
  /// closed.
  [[nodiscard]] bool submit(password_job&& x);

  /// Drops what waits, waits for the one that is being checked, and takes no more.
  void close();

  /// Takes jobs again.
  void open();

private:
  void run();
  void forget_peer(const std::string& peer);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<password_job> waiting_;
  std::map<std::string, size_t, std::less<>> by_peer_; ///< Jobs that wait or are being checked.
  bool busy_ = false;
  bool closed_ = false;
  bool end_ = false;
  std::thread thread_; // the last member: it uses the others
};

} // namespace pgstatsmon
