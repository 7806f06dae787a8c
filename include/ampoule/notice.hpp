/**
 * @file ampoule/notice.hpp
 * Messages that a push brought, shown while the vault is locked.
 */
#ifndef AMPOULE_NOTICE_HPP
#define AMPOULE_NOTICE_HPP

#include "thread.hpp"

#include <array>

namespace ampoule {

/** The threads of which previews are wanted: see vault::preview_keys. */
class previews : public handle<ampoule_previews> {
  public:
    previews() { check(ampoule_previews_new(out())); }
    previews &add(const thread &thread) {
        check(ampoule_previews_add(get(), thread.get()));
        return *this;
    }
};

/** A message from a notice: its author's signature was verified, and nothing else. */
class unverified_message : public handle<ampoule_unverified_message> {
  public:
    using handle::handle;

    ampoule_unverified_message_info info() const {
        return detail::value_of<ampoule_unverified_message_info>(ampoule_unverified_message_get_info, get());
    }
    std::string_view text() const { return detail::lent_by(ampoule_unverified_message_text, get()); }
    /** Name on the author's card. */
    std::string_view author() const { return detail::lent_by(ampoule_unverified_message_author, get()); }
};

/** Opens what thread::notice made, with keys of vault::preview_keys. Needs no vault and no store. */
inline unverified_message open_preview(view notice, view keys, const std::array<uint8_t, 32> &device_key) {
    return detail::owner_of<unverified_message>(ampoule_open_preview, notice.data(), notice.size(), keys.data(), keys.size(),
                                                device_key.data(), device_key.size());
}

} // namespace ampoule

#endif
