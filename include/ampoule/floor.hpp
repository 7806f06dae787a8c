/**
 * @file ampoule/floor.hpp
 * Keys and sealed bytes for a program that keeps them in its own tables: what a vault stands on.
 */
#ifndef AMPOULE_FLOOR_HPP
#define AMPOULE_FLOOR_HPP

#include "contact.hpp"
#include "options.hpp"
#include "record.hpp"

#include <array>

namespace ampoule {

/** The keys of a member. */
class member : public handle<ampoule_member> {
  public:
    using handle::handle;

    /** A new member, and the words of the recovery code. Store its state. */
    static std::pair<member, buffer> create(std::string_view name, ampoule_member_kind kind, const unlock &unlock,
                                            int64_t now_ms, ampoule_suite suite = AMPOULE_SUITE_AES256_GCM) {
        std::pair<member, buffer> made;
        check(ampoule_member_create(name.data(), name.size(), kind, suite, unlock.get(), AMPOULE_RECOVERY_CODE, nullptr,
                                    now_ms, made.first.out(), made.second.out()));
        return made;
    }
    static member open(view state, const unlock &unlock) {
        return detail::owner_of<member>(ampoule_member_open, state.data(), state.size(), unlock.get());
    }
    /** To be stored. It holds no usable secret without a way in. */
    buffer state() const { return detail::buffer_of(ampoule_member_state, get()); }
    buffer card() const { return detail::buffer_of(ampoule_member_card, get()); }
};

/** An entry that chart_keys opened. */
class opened : public handle<ampoule_opened> {
  public:
    using handle::handle;

    ampoule_opened_info info() const { return detail::value_of<ampoule_opened_info>(ampoule_opened_get_info, get()); }
    view content() const {
        const uint8_t *data = nullptr;
        std::size_t size = 0;
        check(ampoule_opened_content(get(), &data, &size));
        return {data, size};
    }
    std::string_view media_type() const { return detail::lent_by(ampoule_opened_media_type, get()); }
    /** The versions that this one replaces. */
    std::vector<ampoule_version_id> parents() const {
        return detail::ids_of<ampoule_version_id>(ampoule_opened_parents, get());
    }
};

/** The keys of a chart. Store their state after each change of them. */
class chart_keys : public handle<ampoule_chart_keys> {
  public:
    using handle::handle;

    static chart_keys create(const member &member, int64_t now_ms) {
        return detail::owner_of<chart_keys>(ampoule_chart_keys_create, member.get(), now_ms);
    }
    static chart_keys load(view state, const member &member) {
        return detail::owner_of<chart_keys>(ampoule_chart_keys_load, state.data(), state.size(), member.get());
    }
    /** Takes what grant_for gave the owner of a card whose fingerprint was compared, with the keys that were known before. */
    static chart_keys take(view handed, const member &member, view card, const chart_keys *known = nullptr) {
        return detail::owner_of<chart_keys>(ampoule_chart_keys_take, handed.data(), handed.size(), member.get(), card.data(),
                                            card.size(), known ? known->get() : nullptr);
    }
    /** Most bytes that sealing so many gives. */
    static std::size_t sealed_size_max(std::size_t size) {
        return detail::value_of<std::size_t>(ampoule_chart_keys_sealed_size_max, size);
    }
    buffer state(const member &member) const { return detail::buffer_of(ampoule_chart_keys_state, get(), member.get()); }
    ampoule_chart_id id() const { return detail::value_of<ampoule_chart_id>(ampoule_chart_keys_get_id, get()); }
    buffer seal(const record &record, int64_t now_ms) const {
        return detail::buffer_of(ampoule_chart_keys_seal, get(), record.get(), now_ms);
    }
    /** Seals a version of an entry that replaces others. */
    buffer seal_version(const ampoule_entry_id &entry, const std::vector<ampoule_version_id> &parents, const record &record,
                        int64_t now_ms) const {
        return detail::buffer_of(ampoule_chart_keys_seal_version, get(), &entry, parents.data(), parents.size(),
                                 record.get(), now_ms);
    }
    /** Opens an entry and verifies who wrote it. With the hash of one, no other is accepted. */
    opened open(view sealed, const std::array<uint8_t, 32> *expected = nullptr) const {
        return detail::owner_of<opened>(ampoule_chart_keys_open, get(), sealed.data(), sealed.size(),
                                        expected ? expected->data() : nullptr);
    }
    /** The same entry, its key wrapped for the newest keys of the chart. */
    buffer rewrap(view sealed) const {
        return detail::buffer_of(ampoule_chart_keys_rewrap, get(), sealed.data(), sealed.size());
    }
    /** The keys as they are from now on, shared with the owner of a card whose fingerprint was compared. */
    chart_keys share(view card, const grant &grant, int64_t now_ms) const {
        return detail::owner_of<chart_keys>(ampoule_chart_keys_share, get(), card.data(), card.size(), grant.get(), now_ms);
    }
    /** The keys as they are from now on, without this member. */
    chart_keys revoke(view card, int64_t now_ms) const {
        return detail::owner_of<chart_keys>(ampoule_chart_keys_revoke, get(), card.data(), card.size(), now_ms);
    }
    /** What to hand over to the owner of a card after each change of the sharing. */
    buffer grant_for(view card) const {
        return detail::buffer_of(ampoule_chart_keys_grant_for, get(), card.data(), card.size());
    }
};

} // namespace ampoule

#endif
