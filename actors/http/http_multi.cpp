// libcurl's multi interface, and the handles that are used again.
#include "actors/http/http_multi.hpp"

#include "actors/http/http_transfer.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <map>

namespace pgstatsmon {

namespace {

/// Handles that are kept: they remember TLS sessions.
constexpr size_t max_idle = 4;

struct multi_deleter {
  void operator()(CURLM* x) const { curl_multi_cleanup(x); }
};

} // namespace

struct http_multi::impl {
  using transfer_ptr = std::unique_ptr<http_transfer>;

  explicit impl() {
    if (http_ready())
      multi.reset(curl_multi_init());
  }

  ~impl() {
    for (auto& [id, x] : running)
      curl_multi_remove_handle(multi.get(), x->handle());
  }

  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  transfer_ptr take_idle() {
    if (idle.empty())
      return std::make_unique<http_transfer>();
    auto result = std::move(idle.back());
    idle.pop_back();
    return result;
  }

  void give_back(transfer_ptr x) {
    curl_multi_remove_handle(multi.get(), x->handle());
    if (idle.size() < max_idle)
      idle.push_back(std::move(x));
  }

  /// What libcurl says has ended.
  void collect() {
    int left = 0;
    while (auto* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE)
        continue;
      auto code = message->data.result;
      auto is = [&](const auto& x) { return x.second->handle() == message->easy_handle; };
      auto i = std::find_if(running.begin(), running.end(), is);
      if (i == running.end())
        continue;
      ended.emplace_back(i->first, i->second->finish(code));
      give_back(std::move(i->second));
      running.erase(i);
    }
  }

  std::unique_ptr<CURLM, multi_deleter> multi;
  std::vector<transfer_ptr> idle;
  std::map<uint64_t, transfer_ptr> running;
  finished ended;
};

http_multi::http_multi() : impl_{std::make_unique<impl>()} {}
http_multi::~http_multi() = default;

void http_multi::begin(uint64_t id, http_call request, const http_settings& how, http_sink sink) {
  auto transfer = impl_->take_idle();
  if (!impl_->multi || !*transfer) {
    impl_->ended.emplace_back(id, http_problem{http_failure::network, "libcurl can't be used"});
    return;
  }
  if (auto problem = transfer->prepare(std::move(request), how, std::move(sink))) {
    impl_->ended.emplace_back(id, std::move(*problem));
    impl_->idle.push_back(std::move(transfer));
    return;
  }
  if (curl_multi_add_handle(impl_->multi.get(), transfer->handle()) != CURLM_OK) {
    impl_->ended.emplace_back(id, transfer->finish(CURLE_FAILED_INIT));
    return;
  }
  impl_->running.emplace(id, std::move(transfer));
}

void http_multi::drop(uint64_t id) {
  std::erase_if(impl_->ended, [id](const auto& x) { return x.first == id; });
  auto i = impl_->running.find(id);
  if (i == impl_->running.end())
    return;
  impl_->give_back(std::move(i->second));
  impl_->running.erase(i);
}

size_t http_multi::size() const noexcept {
  return impl_->running.size() + impl_->ended.size();
}

http_multi::finished http_multi::run(std::chrono::milliseconds wait) {
  if (!impl_->multi)
    return std::exchange(impl_->ended, {});
  int running = 0;
  curl_multi_perform(impl_->multi.get(), &running);
  impl_->collect();
  if (impl_->ended.empty() && wait.count() > 0) {
    curl_multi_poll(impl_->multi.get(), nullptr, 0, static_cast<int>(wait.count()), nullptr);
    curl_multi_perform(impl_->multi.get(), &running);
    impl_->collect();
  }
  return std::exchange(impl_->ended, {});
}

void http_multi::wake() noexcept {
  if (impl_->multi)
    curl_multi_wakeup(impl_->multi.get());
}

} // namespace pgstatsmon
