/**
 * @file ampoule.hpp
 * Encrypted storage for health records, for C++17: ampoule.h with owners, exceptions and spans of bytes. Header only.
 *
 * A handle is closed when its owner goes. Owners are moved and not copied, and one that was moved from holds nothing. A failed
 * call throws ampoule::error with its status. What the library lends (ampoule::view) is there until the owner goes.
 *
 * Functions that are given to the library may throw: the exception ends the call, and comes out of it.
 *
 * What is not here is called by the C function and get().
 */
#ifndef AMPOULE_HPP
#define AMPOULE_HPP

#include "ampoule.h"

#include <array>
#include <cstring>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ampoule {

/** A status other than AMPOULE_STATUS_OK. */
class error : public std::runtime_error {
  public:
    explicit error(uint32_t status) : std::runtime_error(words(status)), status_(status) {}

    /** The number, of ampoule_status. */
    uint32_t status() const noexcept { return status_; }

  private:
    static std::string words(uint32_t status) {
        std::size_t needed = 0;
        if (ampoule_status_message(status, nullptr, 0, &needed) != AMPOULE_STATUS_OK) return "unknown status";
        std::string text(needed, '\0');
        (void)ampoule_status_message(status, &text[0], text.size(), &needed);
        text.resize(needed - 1);
        return text;
    }

    uint32_t status_;
};

/** Throws where a call failed. */
inline void check(uint32_t status) {
    if (status != AMPOULE_STATUS_OK) throw error(status);
}

/** Bytes that somebody else owns. */
class view {
  public:
    view() = default;
    view(const uint8_t *data, std::size_t size) : data_(data), size_(size) {}
    view(const std::vector<uint8_t> &bytes) : data_(bytes.data()), size_(bytes.size()) {}
    explicit view(std::string_view text) : data_(reinterpret_cast<const uint8_t *>(text.data())), size_(text.size()) {}

    const uint8_t *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    const uint8_t *begin() const noexcept { return data_; }
    const uint8_t *end() const noexcept { return data_ + size_; }
    std::string_view text() const noexcept { return {reinterpret_cast<const char *>(data_), size_}; }

  private:
    const uint8_t *data_ = nullptr;
    std::size_t size_ = 0;
};

/** Bytes of the library, wiped when this goes. */
class buffer {
  public:
    buffer() = default;
    buffer(buffer &&other) noexcept : raw_(std::exchange(other.raw_, ampoule_buffer{})) {}
    buffer &operator=(buffer &&other) noexcept {
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~buffer() { (void)ampoule_buffer_free(&raw_); }

    ampoule_buffer *out() noexcept { return &raw_; }
    ampoule::view view() const noexcept { return {raw_.data, raw_.len}; }
    std::string_view text() const noexcept { return view().text(); }
    /** An array of ids. */
    template <typename Id> std::vector<Id> ids() const {
        std::vector<Id> all(raw_.len / sizeof(Id));
        if (!all.empty()) std::memcpy(all.data(), raw_.data, all.size() * sizeof(Id));
        return all;
    }

  private:
    ampoule_buffer raw_{};
};

/** Owner of a handle. */
template <typename Raw> class handle {
  public:
    handle() = default;
    explicit handle(Raw *raw) noexcept : raw_(raw) {}
    handle(handle &&other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    handle &operator=(handle &&other) noexcept {
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~handle() { (void)ampoule_close(raw_); }

    /** For the C functions. */
    Raw *get() const noexcept { return raw_; }
    explicit operator bool() const noexcept { return raw_ != nullptr; }

  protected:
    /** Where a C function puts a handle into an owner that has none yet. */
    Raw **out() noexcept { return &raw_; }

  private:
    Raw *raw_ = nullptr;
};

/** Is told how many bytes are done; false, or an exception, ends it. */
using progress = std::function<bool(uint64_t)>;

namespace detail {

/** Keeps an exception from crossing the library, and throws it on the other side. */
class guarded {
  public:
    explicit guarded(const progress &call) : call_(call) {}

    ampoule_progress function() const noexcept { return call_ ? &guarded::step : nullptr; }
    void *context() noexcept { return this; }
    void check(uint32_t status) {
        if (thrown_) std::rethrow_exception(thrown_);
        ampoule::check(status);
    }

  private:
    static bool step(void *ctx, uint64_t done) noexcept {
        auto *self = static_cast<guarded *>(ctx);
        try {
            return self->call_(done);
        } catch (...) {
            self->thrown_ = std::current_exception();
            return false;
        }
    }

    const progress &call_;
    std::exception_ptr thrown_;
};

} // namespace detail

/** A way in. */
class unlock : public handle<ampoule_unlock> {
  public:
    unlock() { check(ampoule_unlock_new(out())); }
    static unlock device_key(const std::array<uint8_t, 32> &key) {
        unlock way;
        check(ampoule_unlock_add_device_key(way.get(), key.data(), key.size()));
        return way;
    }
    static unlock passphrase(std::string_view text) {
        unlock way;
        check(ampoule_unlock_add_passphrase(way.get(), text.data(), text.size()));
        return way;
    }
    static unlock recovery_words(std::string_view words) {
        unlock way;
        check(ampoule_unlock_add_recovery_words(way.get(), words.data(), words.size()));
        return way;
    }
};

/** A store. */
class store : public handle<ampoule_store> {
  public:
    static store sqlite(std::string_view path) {
        store made;
        check(ampoule_store_sqlite(path.data(), path.size(), made.out()));
        return made;
    }
    static store memory() {
        store made;
        check(ampoule_store_memory(made.out()));
        return made;
    }
};

/** Options of a vault. */
class options : public handle<ampoule_options> {
  public:
    options() { check(ampoule_options_new(out())); }
};

/** What is put into a chart. */
class record : public handle<ampoule_record> {
  public:
    record(std::string_view media_type, view content) {
        check(ampoule_record_new(media_type.data(), media_type.size(), content.data(), content.size(), out()));
    }
    /** What describes a file, whose content comes otherwise. */
    explicit record(std::string_view media_type) : record(media_type, view()) {}

    record &label(std::string_view text) {
        check(ampoule_record_set_label(get(), text.data(), text.size()));
        return *this;
    }
    record &name(std::string_view text) {
        check(ampoule_record_set_name(get(), text.data(), text.size()));
        return *this;
    }
    record &kind(std::string_view text) {
        check(ampoule_record_set_kind(get(), text.data(), text.size()));
        return *this;
    }
    record &code(std::string_view system, std::string_view value) {
        check(ampoule_record_add_code(get(), system.data(), system.size(), value.data(), value.size()));
        return *this;
    }
    record &words(std::string_view text) {
        check(ampoule_record_add_text(get(), text.data(), text.size()));
        return *this;
    }
};

/** What to find. */
class query : public handle<ampoule_query> {
  public:
    explicit query(std::string_view kind = {}) { check(ampoule_query_new(kind.data(), kind.size(), out())); }
    query &code(std::string_view system, std::string_view value) {
        check(ampoule_query_add_code(get(), system.data(), system.size(), value.data(), value.size()));
        return *this;
    }
    query &words(std::string_view text) {
        check(ampoule_query_add_words(get(), text.data(), text.size()));
        return *this;
    }
};

/** A version of an entry, opened and verified. */
class entry : public handle<ampoule_entry> {
  public:
    view content() const {
        const uint8_t *data = nullptr;
        std::size_t size = 0;
        check(ampoule_entry_content(get(), &data, &size));
        return {data, size};
    }
    std::string_view media_type() const { return lent(ampoule_entry_media_type); }
    std::string_view name() const { return lent(ampoule_entry_name); }
    std::string_view author() const { return lent(ampoule_entry_author); }
    std::string_view actor_subject() const { return lent(ampoule_entry_actor_subject); }
    ampoule_entry_info info() const {
        ampoule_entry_info info;
        check(ampoule_entry_get_info(get(), &info));
        return info;
    }

  private:
    friend class chart;
    friend class file;
    template <typename Lend> std::string_view lent(Lend lend) const {
        const char *text = nullptr;
        std::size_t size = 0;
        check(lend(get(), &text, &size));
        return {text, size};
    }
};

/** A version of a file. */
class file : public handle<ampoule_file> {
  public:
    uint64_t size() const {
        uint64_t size = 0;
        check(ampoule_file_len(get(), &size));
        return size;
    }
    /** Fills the caller's memory from a place on. Returns how many bytes there were. */
    std::size_t read_at(uint64_t offset, uint8_t *memory, std::size_t size) const {
        std::size_t read = 0;
        check(ampoule_file_read_at(get(), offset, memory, size, &read));
        return read;
    }
    buffer read_range(uint64_t offset, uint64_t size) const {
        buffer content;
        check(ampoule_file_read_range(get(), offset, size, content.out()));
        return content;
    }
    ampoule::entry entry() const {
        ampoule::entry made;
        check(ampoule_file_entry(get(), made.out()));
        return made;
    }
    void export_to(std::string_view path, const ampoule::progress &progress = {}) const {
        detail::guarded guarded(progress);
        guarded.check(ampoule_file_export(get(), path.data(), path.size(), guarded.function(), guarded.context()));
    }

  private:
    friend class chart;
};

/** A file that is being written. What was not finished leaves nothing. */
class file_writer : public handle<ampoule_file_writer> {
  public:
    void update(view content) { check(ampoule_file_writer_update(get(), content.data(), content.size())); }
    ampoule_entry_id finish() {
        ampoule_entry_id id;
        check(ampoule_file_writer_finish(get(), &id, nullptr));
        return id;
    }

  private:
    friend class chart;
};

/** What is shared with a contact. */
class grant : public handle<ampoule_grant> {
  public:
    explicit grant(ampoule_rights rights) { check(ampoule_grant_new(rights, out())); }
    grant &label(std::string_view text) {
        check(ampoule_grant_add_label(get(), text.data(), text.size()));
        return *this;
    }
    grant &until(int64_t not_after_ms) {
        check(ampoule_grant_set_until(get(), not_after_ms));
        return *this;
    }
};

/** A contact. */
class contact : public handle<ampoule_contact> {
  public:
    void verify(std::string_view fingerprint) {
        check(ampoule_contact_verify(get(), fingerprint.data(), fingerprint.size()));
    }
    ampoule_contact_info info() const {
        ampoule_contact_info info;
        check(ampoule_contact_get_info(get(), &info));
        return info;
    }
    buffer digits() const {
        buffer digits;
        check(ampoule_contact_fingerprint(get(), digits.out(), nullptr));
        return digits;
    }

  private:
    friend class vault;
};

/** A chart. */
class chart : public handle<ampoule_chart> {
  public:
    ampoule_chart_id id() const {
        ampoule_chart_id id;
        check(ampoule_chart_get_id(get(), &id));
        return id;
    }
    ampoule_entry_id put(const record &record) {
        ampoule_entry_id id;
        check(ampoule_chart_put(get(), record.get(), &id));
        return id;
    }
    ampoule_version_id update(const ampoule_entry_id &entry, const record &record) {
        ampoule_version_id id;
        check(ampoule_chart_update(get(), &entry, record.get(), &id));
        return id;
    }
    ampoule_version_id remove(const ampoule_entry_id &entry) {
        ampoule_version_id id;
        check(ampoule_chart_delete(get(), &entry, &id));
        return id;
    }
    ampoule::entry entry(const ampoule_entry_id &id) const {
        ampoule::entry found;
        check(ampoule_chart_get(get(), &id, found.out()));
        return found;
    }
    std::vector<ampoule_found> find(const query &query) const {
        ampoule_matches *raw = nullptr;
        check(ampoule_chart_find(get(), query.get(), &raw));
        handle<ampoule_matches> matches(raw);
        std::size_t count = 0;
        check(ampoule_matches_count(raw, &count));
        std::vector<ampoule_found> all(count);
        for (std::size_t i = 0; i < count; i++) check(ampoule_matches_at(raw, i, &all[i]));
        return all;
    }
    ampoule_entry_id put_path(const record &info, std::string_view path, const progress &progress = {}) {
        ampoule_entry_id id;
        detail::guarded guarded(progress);
        guarded.check(ampoule_chart_put_path(get(), info.get(), path.data(), path.size(), guarded.function(),
                                             guarded.context(), &id));
        return id;
    }
    file_writer create_file(const record &info) {
        file_writer writer;
        check(ampoule_chart_create_file(get(), info.get(), writer.out()));
        return writer;
    }
    ampoule::file file(const ampoule_entry_id &entry) const {
        ampoule::file file;
        check(ampoule_chart_file(get(), &entry, file.out()));
        return file;
    }
    ampoule_standing share(const contact &with, const grant &grant) {
        ampoule_standing standing;
        check(ampoule_chart_share(get(), with.get(), grant.get(), &standing));
        return standing;
    }
    ampoule_standing revoke(const contact &from) {
        ampoule_standing standing;
        check(ampoule_chart_revoke(get(), from.get(), &standing));
        return standing;
    }
    buffer export_to(const contact &to, view cursor = {}) const {
        buffer bundle;
        check(ampoule_chart_export(get(), to.get(), cursor.data(), cursor.size(), bundle.out()));
        return bundle;
    }

  private:
    friend class vault;
};

/** A vault. */
class vault : public handle<ampoule_vault> {
  public:
    /** A new vault, and the words of its recovery code: to be printed, they are not shown again. */
    static std::pair<vault, buffer> create(const store &store, std::string_view name, const unlock &unlock,
                                           const options *options = nullptr) {
        std::pair<vault, buffer> made;
        check(ampoule_vault_create(store.get(), options ? options->get() : nullptr, name.data(), name.size(), unlock.get(),
                                   AMPOULE_RECOVERY_CODE, nullptr, made.first.out(), made.second.out()));
        return made;
    }
    static vault open(const store &store, const unlock &unlock, const options *options = nullptr) {
        vault opened;
        check(ampoule_vault_open(store.get(), options ? options->get() : nullptr, unlock.get(), opened.out()));
        return opened;
    }
    void lock() { check(ampoule_vault_lock(get())); }
    void unlock_again(const unlock &unlock) { check(ampoule_vault_unlock(get(), unlock.get())); }
    buffer card() const {
        buffer card;
        check(ampoule_vault_card(get(), card.out()));
        return card;
    }
    ampoule::chart create_chart() {
        ampoule::chart made;
        check(ampoule_vault_create_chart(get(), made.out()));
        return made;
    }
    ampoule::chart chart(const ampoule_chart_id &id) const {
        ampoule::chart found;
        check(ampoule_vault_chart(get(), &id, found.out()));
        return found;
    }
    std::vector<ampoule_chart_id> charts() const {
        buffer ids;
        check(ampoule_vault_charts(get(), ids.out()));
        return ids.ids<ampoule_chart_id>();
    }
    contact add_contact(view card) {
        contact added;
        check(ampoule_vault_add_contact(get(), card.data(), card.size(), added.out()));
        return added;
    }
    vault acting_for(std::string_view issuer, std::string_view subject, std::string_view session,
                     std::string_view purpose) const {
        vault acting;
        check(ampoule_vault_acting_for(get(), issuer.data(), issuer.size(), subject.data(), subject.size(), session.data(),
                                       session.size(), purpose.data(), purpose.size(), acting.out()));
        return acting;
    }
    /** Takes a bundle in. `next`, if it is given, receives where the next one goes on. */
    ampoule_applied import(view bundle, buffer *next = nullptr) {
        ampoule_applied applied;
        buffer cursor;
        check(ampoule_vault_import(get(), bundle.data(), bundle.size(), &applied, next ? cursor.out() : nullptr, nullptr));
        if (next) *next = std::move(cursor);
        return applied;
    }
};

} // namespace ampoule

#endif
