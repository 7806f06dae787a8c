/**
 * @file ampoule/thread.hpp
 * What is said about a chart.
 */
#ifndef AMPOULE_THREAD_HPP
#define AMPOULE_THREAD_HPP

#include "core.hpp"

namespace ampoule {

/** What is to be said. */
class message : public handle<ampoule_message> {
  public:
    explicit message(std::string_view words) { check(ampoule_message_new(words.data(), words.size(), out())); }

    message &reply_to(const ampoule_entry_id &answered) {
        check(ampoule_message_set_reply_to(get(), &answered));
        return *this;
    }
    /** Sends an entry of the chart with it. Of a voice note, with its length. */
    message &attach(const ampoule_entry_id &entry, uint32_t voice_ms = 0) {
        check(ampoule_message_attach(get(), &entry, voice_ms));
        return *this;
    }
};

/** A reaction to a message. */
struct reaction {
    std::string text;
    ampoule_author author;
    /** Name on its author's card. */
    std::string name;
};

/** Who has said that a message came to him, and how far. */
struct receipt {
    ampoule_receipt receipt;
    ampoule_author author;
    /** Name on his card. */
    std::string name;
};

/** An entry that goes with a message. */
struct attachment {
    ampoule_entry_id entry;
    /** The version that the author saw. */
    ampoule_version_id version;
    /** Of a voice note, its length, else 0. */
    uint32_t voice_ms;
};

/** A message that was read. */
class posted : public handle<ampoule_posted> {
  public:
    using handle::handle;

    ampoule_posted_info info() const { return detail::value_of<ampoule_posted_info>(ampoule_posted_get_info, get()); }
    /** None where it was deleted. */
    std::string_view text() const { return detail::lent_by(ampoule_posted_text, get()); }
    /** Name on the author's card. */
    std::string_view author_name() const { return detail::lent_by(ampoule_posted_author, get()); }
    ampoule_author author() const { return detail::value_of<ampoule_author>(ampoule_posted_get_author, get()); }
    /** On whose behalf the author acted, as the author says; no bytes where nobody is named. */
    buffer actor_subject() const { return detail::buffer_of(ampoule_posted_actor_subject, get()); }
    /** The entry that opened the thread. */
    ampoule_entry_id thread() const { return detail::value_of<ampoule_entry_id>(ampoule_posted_thread, get()); }
    std::vector<attachment> attachments() const {
        std::vector<attachment> all;
        attachment one{};
        while (detail::there(ampoule_posted_attachment(get(), all.size(), &one.entry, &one.version, &one.voice_ms))) {
            all.push_back(one);
        }
        return all;
    }
    std::vector<reaction> reactions() const {
        std::vector<reaction> all;
        const char *text = nullptr, *name = nullptr;
        std::size_t size = 0, name_size = 0;
        while (detail::there(ampoule_posted_reaction(get(), all.size(), &text, &size))) {
            reaction one{std::string(text, size), {}, {}};
            check(ampoule_posted_reaction_author(get(), all.size(), &one.author, &name, &name_size));
            one.name = std::string(name, name_size);
            all.push_back(std::move(one));
        }
        return all;
    }
    std::vector<receipt> receipts() const {
        std::vector<receipt> all;
        receipt one{};
        const char *name = nullptr;
        std::size_t size = 0;
        while (detail::there(ampoule_posted_receipt(get(), all.size(), &one.receipt, &one.author, &name, &size))) {
            one.name = std::string(name, size);
            all.push_back(one);
        }
        return all;
    }
};

/** Messages of a thread. */
class messages : public handle<ampoule_messages> {
  public:
    using handle::handle;

    std::size_t size() const { return detail::value_of<std::size_t>(ampoule_messages_count, get()); }
    /** Throws the error that is in the place of one. */
    posted at(std::size_t place) const { return detail::owner_of<posted>(ampoule_messages_at, get(), place); }
};

/** A thread of a chart. */
class thread : public handle<ampoule_thread> {
  public:
    using handle::handle;

    /** The entry that opened it. */
    ampoule_entry_id id() const { return detail::value_of<ampoule_entry_id>(ampoule_thread_get_id, get()); }
    ampoule_entry_id send(const message &message) {
        return detail::value_of<ampoule_entry_id>(ampoule_thread_send, get(), message.get());
    }
    /** As send, once for each key: a repeated request gives the message of the first. */
    ampoule_entry_id send_once(std::string_view key, const message &message) {
        return detail::value_of<ampoule_entry_id>(ampoule_thread_send_once, get(), key.data(), key.size(), message.get());
    }
    /** Changes one's own message. */
    ampoule_version_id edit(const ampoule_entry_id &id, const message &message) {
        return detail::value_of<ampoule_version_id>(ampoule_thread_edit, get(), &id, message.get());
    }
    /** Deletes one's own message. */
    ampoule_version_id remove(const ampoule_entry_id &id) {
        return detail::value_of<ampoule_version_id>(ampoule_thread_delete, get(), &id);
    }
    void react(const ampoule_entry_id &id, std::string_view symbol) {
        check(ampoule_thread_react(get(), &id, symbol.data(), symbol.size()));
    }
    void take_back(const ampoule_entry_id &id, std::string_view symbol) {
        check(ampoule_thread_take_back(get(), &id, symbol.data(), symbol.size()));
    }
    /** Says that the messages up to this one were delivered or read. Whether that was said, the vault's options decide. */
    bool acknowledge(const ampoule_entry_id &up_to, ampoule_receipt receipt) {
        return detail::value_of<bool>(ampoule_thread_acknowledge, get(), &up_to, receipt);
    }
    messages last(std::size_t most) const { return detail::owner_of<messages>(ampoule_thread_last, get(), most); }
    /** Those before one that was read. */
    messages before(const posted &message, std::size_t most) const {
        return detail::owner_of<messages>(ampoule_thread_before, get(), message.get(), most);
    }
    /** A message as it is sealed, for a push: see open_preview. */
    buffer notice(const ampoule_entry_id &message) const {
        return detail::buffer_of(ampoule_thread_notice, get(), &message);
    }
};

/** The threads of a chart, oldest first. */
class threads : public handle<ampoule_threads> {
  public:
    using handle::handle;

    std::size_t size() const { return detail::value_of<std::size_t>(ampoule_threads_count, get()); }
    /** One of them, with its subject. Throws the error that is in its place. */
    std::pair<ampoule_thread_info, std::string> at(std::size_t place) const {
        std::pair<ampoule_thread_info, std::string> one;
        one.second =
            detail::text_of([&](auto text, auto size) { return ampoule_threads_at(get(), place, &one.first, text, size); });
        return one;
    }
};

} // namespace ampoule

#endif
