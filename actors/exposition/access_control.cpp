// Users, remembered passwords and the rate limit.
#include "actors/exposition/access_control.hpp"

#include "actors/exposition/basic_auth.hpp"

#include <exception>
#include <iterator>
#include <memory>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>

namespace pgstatsmon {

namespace {

std::string bytes_of(const void* from, size_t size) {
  return {static_cast<const char*>(from), size};
}

} // namespace

verdict access_control::judge(const web_door& door, std::string_view authorization,
                              clock::time_point now) {
  if (!door.limiter.take(now))
    return verdict::limited;
  const auto& users = door.config.users;
  if (users.empty())
    return verdict::granted;
  auto client = parse_basic_auth(authorization);
  if (!client)
    return verdict::unauthorized;
  auto user = users.find(client->user);
  if (user == users.end())
    return verdict::checking;
  return memory_.knows(memory_.name_of(user->first, user->second, client->password))
           ? verdict::granted
           : verdict::checking;
}

void access_control::ask(const web_door& door, std::string_view authorization, std::string peer,
                         std::function<void(verdict)> done) {
  auto client = parse_basic_auth(authorization);
  const auto& users = door.config.users;
  if (!client || users.empty())
    return done(verdict::unauthorized);
  auto user = users.find(client->user);
  auto known = user != users.end();
  // An unknown user is checked against the hash of another one, always the same for that name, so
  // that its costs tell nothing.
  if (!known)
    user =
      std::next(users.begin(), static_cast<ptrdiff_t>(memory_.pick(client->user, users.size())));
  auto name = memory_.name_of(user->first, user->second, client->password);
  auto tell = std::make_shared<std::function<void(verdict)>>(std::move(done));
  auto finish = [this, tell, known, name](check_result x) {
    auto right = x == check_result::right && known;
    try {
      if (right)
        memory_.remember(name);
    } catch (const std::exception&) { // no memory: it will be checked again
    }
    (*tell)(x == check_result::dropped ? verdict::busy
            : right                    ? verdict::granted
                                       : verdict::unauthorized);
  };
  if (!checker_.submit({std::move(client->password), user->second, std::move(peer), finish}))
    (*tell)(verdict::busy);
}

std::string peer_of(const void* address) {
  sa_family_t family = AF_UNSPEC;
  if (address != nullptr)
    family = static_cast<const sockaddr*>(address)->sa_family;
  if (family == AF_INET)
    return bytes_of(&static_cast<const sockaddr_in*>(address)->sin_addr, sizeof(in_addr));
  if (family != AF_INET6)
    return {};
  const auto& x = static_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&x))
    return bytes_of(x.s6_addr + 12, sizeof(in_addr));
  return bytes_of(x.s6_addr, 8);
}

} // namespace pgstatsmon
