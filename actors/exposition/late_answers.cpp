// Connections that are suspended and resumed once.
#include "actors/exposition/late_answers.hpp"

#include <microhttpd.h>

namespace pgstatsmon {

waiting_request_ptr late_answers::begin(MHD_Connection* connection) {
  auto result = std::make_shared<waiting_request>(connection);
  std::lock_guard guard{mutex_};
  if (closed_)
    return nullptr;
  waiting_.insert(result);
  MHD_suspend_connection(connection);
  return result;
}

void late_answers::answer(const waiting_request_ptr& to, http_response with) {
  std::lock_guard guard{mutex_};
  if (waiting_.erase(to) == 0)
    return;
  to->answer_ = std::move(with);
  MHD_resume_connection(std::exchange(to->connection_, nullptr));
}

// Without an answer_ the one who wakes says why: nothing here may need memory.
void late_answers::close() noexcept {
  std::lock_guard guard{mutex_};
  closed_ = true;
  for (const auto& x : waiting_)
    MHD_resume_connection(std::exchange(x->connection_, nullptr));
  waiting_.clear();
}

void late_answers::open() noexcept {
  std::lock_guard guard{mutex_};
  closed_ = false;
}

} // namespace pgstatsmon
