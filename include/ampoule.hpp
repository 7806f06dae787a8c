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
#include <memory>
#include <optional>
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

namespace detail {

/** All of a list that C gives by count and place, as `each` takes them. */
template <typename Raw, typename Count, typename Each> void for_all(Raw *raw, Count count, Each each) {
    const handle<Raw> list(raw);
    std::size_t all = 0;
    check(count(raw, &all));
    for (std::size_t place = 0; place < all; place++) each(raw, place);
}

/** A text that a list lends. */
template <typename Lend> std::string text_of(Lend lend) {
    const char *text = nullptr;
    std::size_t size = 0;
    check(lend(&text, &size));
    return {text, size};
}

} // namespace detail

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

/** Where a store of one's own puts the rows that it was asked for: there during that call alone. */
class rows {
  public:
    explicit rows(ampoule_rows *raw) noexcept : raw_(raw) {}
    /** A row. A value that asks for one row takes no second one. */
    void add(view key, view value) { check(ampoule_rows_add(raw_, key.data(), key.size(), value.data(), value.size())); }

  private:
    ampoule_rows *raw_;
};

/** What a store of one's own shows: all rows as they stood when it was begun, and in a change also what it has done. */
class rows_view {
  public:
    virtual ~rows_view() = default;
    virtual uint64_t generation() = 0;
    virtual void get(uint32_t table, view part, view key, rows &into) = 0;
    virtual void scan(uint32_t table, view part, std::optional<view> after, std::size_t limit, rows &into) = 0;
    virtual void last(uint32_t table, view part, rows &into) = 0;
};

/** A change. It is undone where it goes before it was committed. */
class rows_change : public rows_view {
  public:
    virtual void put(uint32_t table, view part, view key, view value) = 0;
    virtual bool remove(uint32_t table, view part, view key) = 0;
    /** Gives the generation of the state that it made; nothing where another may have changed that already. */
    virtual std::optional<uint64_t> commit() = 0;
};

/**
 * A store of one's own: ampoule_store_callbacks says what each function promises, and from which threads it is called. What they
 * throw goes no further: an ampoule::error keeps its status, anything else is AMPOULE_STATUS_STORE_IO, and out of a commit
 * AMPOULE_STATUS_STORE_UNCERTAIN.
 */
class rows_store {
  public:
    virtual ~rows_store() = default;
    virtual std::unique_ptr<rows_view> read() = 0;
    virtual std::unique_ptr<rows_change> write() = 0;
};

namespace detail {

/** The status of what a function threw, if it did. */
template <typename Work> uint32_t caught(uint32_t otherwise, Work work) noexcept {
    try {
        work();
        return AMPOULE_STATUS_OK;
    } catch (const error &failed) {
        return failed.status();
    } catch (...) {
        return otherwise;
    }
}

/** The functions of a rows_store as C calls them. A view is named by this, whichever of the two it is. */
struct begun {
    std::unique_ptr<rows_view> view;
    rows_change *change = nullptr;
};

inline uint32_t begin_read(void *ctx, void **out) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO, [&] {
        auto made = std::make_unique<begun>();
        made->view = static_cast<rows_store *>(ctx)->read();
        if (made->view) *out = made.release();
    });
}
inline uint32_t begin_write(void *ctx, void **out) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO, [&] {
        auto made = std::make_unique<begun>();
        auto change = static_cast<rows_store *>(ctx)->write();
        made->change = change.get();
        made->view = std::move(change);
        if (made->view) *out = made.release();
    });
}
inline begun &named(void *raw) noexcept { return *static_cast<begun *>(raw); }
inline uint32_t generation(void *, void *of, uint64_t *out) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO, [&] { *out = named(of).view->generation(); });
}
inline uint32_t get(void *, void *of, uint32_t table, const uint8_t *part, std::size_t part_len, const uint8_t *key,
                    std::size_t key_len, ampoule_rows *out) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO, [&] {
        rows into(out);
        named(of).view->get(table, {part, part_len}, {key, key_len}, into);
    });
}
inline uint32_t scan(void *, void *of, uint32_t table, const uint8_t *part, std::size_t part_len, const uint8_t *after,
                     std::size_t after_len, std::size_t limit, ampoule_rows *out) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO, [&] {
        rows into(out);
        const auto from = after ? std::optional<view>(view(after, after_len)) : std::nullopt;
        named(of).view->scan(table, {part, part_len}, from, limit, into);
    });
}
inline uint32_t last(void *, void *of, uint32_t table, const uint8_t *part, std::size_t part_len,
                     ampoule_rows *out) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO, [&] {
        rows into(out);
        named(of).view->last(table, {part, part_len}, into);
    });
}
inline uint32_t put(void *, void *of, uint32_t table, const uint8_t *part, std::size_t part_len, const uint8_t *key,
                    std::size_t key_len, const uint8_t *value, std::size_t value_len) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO,
                  [&] { named(of).change->put(table, {part, part_len}, {key, key_len}, {value, value_len}); });
}
inline uint32_t remove(void *, void *of, uint32_t table, const uint8_t *part, std::size_t part_len, const uint8_t *key,
                       std::size_t key_len, bool *was_there) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO,
                  [&] { *was_there = named(of).change->remove(table, {part, part_len}, {key, key_len}); });
}
inline uint32_t commit(void *, void *of, uint64_t *out, bool *known) noexcept {
    return caught(AMPOULE_STATUS_STORE_UNCERTAIN, [&] {
        const auto made = named(of).change->commit();
        *known = made.has_value();
        if (made) *out = *made;
    });
}
inline void end(void *, void *of) noexcept { delete static_cast<begun *>(of); }
template <typename Kept> void destroy(void *ctx) noexcept { delete static_cast<Kept *>(ctx); }

} // namespace detail

/** A store. */
class store : public handle<ampoule_store> {
  public:
    /** One of the program's own, which lasts as long as the library needs it. */
    static store of(std::unique_ptr<rows_store> rows) {
        const ampoule_store_callbacks calls = {sizeof(ampoule_store_callbacks), detail::begin_read, detail::begin_write,
                                               detail::generation, detail::get, detail::scan, detail::last, detail::put,
                                               detail::remove, detail::commit, detail::end};
        store made;
        check(ampoule_store_new(&calls, rows.get(), detail::destroy<rows_store>, made.out()));
        (void)rows.release();
        return made;
    }
    /** The promises of a store that it broke, one a line: for the tests of whoever writes one. */
    buffer broken_promises() const {
        buffer lines;
        check(ampoule_store_check(get(), lines.out()));
        return lines;
    }
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

/** Keeps the newest checkpoint of a vault, away from its store. What it throws is AMPOULE_STATUS_KEEPER_UNAVAILABLE to the library. */
class checkpoint_keeper {
  public:
    virtual ~checkpoint_keeper() = default;
    /** What was last saved; nothing if nothing ever was. */
    virtual std::optional<std::vector<uint8_t>> load() = 0;
    virtual void save(view checkpoint) = 0;
};

namespace detail {

inline uint32_t load(void *ctx, ampoule_rows *out) noexcept {
    return caught(AMPOULE_STATUS_KEEPER_UNAVAILABLE, [&] {
        const auto kept = static_cast<checkpoint_keeper *>(ctx)->load();
        if (kept) rows(out).add({}, *kept);
    });
}
inline uint32_t save(void *ctx, const uint8_t *checkpoint, std::size_t len) noexcept {
    return caught(AMPOULE_STATUS_KEEPER_UNAVAILABLE,
                  [&] { static_cast<checkpoint_keeper *>(ctx)->save(ampoule::view(checkpoint, len)); });
}

} // namespace detail

/** Options of a vault. */
class options : public handle<ampoule_options> {
  public:
    options() { check(ampoule_options_new(out())); }
    options &kind(ampoule_member_kind kind) {
        check(ampoule_options_set_kind(get(), kind));
        return *this;
    }
    options &audit(ampoule_audit audit) {
        check(ampoule_options_set_audit(get(), audit));
        return *this;
    }
    options &checkpoint_file(std::string_view path) {
        check(ampoule_options_set_checkpoint_file(get(), path.data(), path.size()));
        return *this;
    }
    options &blob_folder(std::string_view path) {
        check(ampoule_options_set_blob_folder(get(), path.data(), path.size()));
        return *this;
    }
    options &keeper(std::unique_ptr<checkpoint_keeper> keeper) {
        check(ampoule_options_set_keeper(get(), detail::load, detail::save, keeper.get(),
                                         detail::destroy<checkpoint_keeper>));
        (void)keeper.release();
        return *this;
    }
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

/** Somebody with whom a chart is shared. */
struct share {
    std::string name;
    ampoule_share_info info;
    /** The labels that are shared; none for the whole chart. */
    std::vector<std::string> labels;
};

/** A version that is kept apart or disputed. */
struct quarantined {
    ampoule_quarantined info;
    /** Name on its author's card. */
    std::string author;
};

/** Something that is not here, and need not be. */
struct not_here {
    ampoule_not_here info;
    std::string label;
};

/** What verifying saw. */
struct findings {
    ampoule_report report;
    std::vector<ampoule_finding> wrong;
    std::vector<ampoule::not_here> not_here;
};

/** A device of a vault's owner. */
struct device {
    ampoule_device_info info;
    /** Of one that is in use no more: why. */
    std::string reason;
};

/** Whom a chart is about. */
struct patient {
    std::vector<std::string> names;
    /** URI of the namespace, and the identifier there. */
    std::vector<std::pair<std::string, std::string>> identifiers;
    /** `YYYY-MM-DD`, `YYYY-MM`, `YYYY` or nothing. */
    std::string birth_date;
};

namespace detail {

inline std::vector<share> shares_of(ampoule_shares *raw) {
    std::vector<share> all;
    for_all(raw, ampoule_shares_count, [&](ampoule_shares *list, std::size_t place) {
        share one;
        one.name = text_of([&](auto text, auto size) { return ampoule_shares_at(list, place, &one.info, text, size); });
        for (std::size_t label = 0; label < one.info.labels; label++) {
            one.labels.push_back(
                text_of([&](auto text, auto size) { return ampoule_shares_label(list, place, label, text, size); }));
        }
        all.push_back(std::move(one));
    });
    return all;
}

inline patient patient_of(ampoule_patient *raw) {
    const handle<ampoule_patient> from(raw);
    patient made;
    const char *name = nullptr, *system = nullptr, *value = nullptr;
    std::size_t size = 0, system_size = 0;
    while (ampoule_patient_name(raw, made.names.size(), &name, &size) == AMPOULE_STATUS_OK) made.names.emplace_back(name, size);
    while (ampoule_patient_identifier(raw, made.identifiers.size(), &system, &system_size, &value, &size) ==
           AMPOULE_STATUS_OK) {
        made.identifiers.emplace_back(std::string(system, system_size), std::string(value, size));
    }
    made.birth_date = text_of([&](auto text, auto len) { return ampoule_patient_birth_date(raw, text, len); });
    return made;
}

inline handle<ampoule_patient> to_patient(const patient &from) {
    ampoule_patient *raw = nullptr;
    check(ampoule_patient_new(from.birth_date.data(), from.birth_date.size(), &raw));
    handle<ampoule_patient> made(raw);
    for (const auto &name : from.names) {
        check(ampoule_patient_with_name(made.get(), name.data(), name.size(), &raw));
        made = handle<ampoule_patient>(raw);
    }
    for (const auto &[system, value] : from.identifiers) {
        check(ampoule_patient_with_identifier(made.get(), system.data(), system.size(), value.data(), value.size(), &raw));
        made = handle<ampoule_patient>(raw);
    }
    return made;
}

} // namespace detail

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
    /** As export_to, of these labels only, one a line. */
    buffer export_labels_to(const contact &to, std::string_view labels, view cursor = {}) const {
        buffer bundle;
        check(ampoule_chart_export_labels(get(), to.get(), cursor.data(), cursor.size(), labels.data(), labels.size(),
                                          bundle.out()));
        return bundle;
    }
    std::vector<ampoule::share> shares() const {
        ampoule_shares *raw = nullptr;
        check(ampoule_chart_shares(get(), &raw));
        return detail::shares_of(raw);
    }
    /** The histories of the sharing, where some contradict each other. The first is the one that this vault goes by. */
    std::vector<std::vector<ampoule::share>> fork() const {
        std::size_t count = 0;
        check(ampoule_chart_fork_count(get(), &count));
        std::vector<std::vector<ampoule::share>> histories;
        for (std::size_t place = 0; place < count; place++) {
            ampoule_shares *raw = nullptr;
            check(ampoule_chart_fork_shares(get(), place, &raw));
            histories.push_back(detail::shares_of(raw));
        }
        return histories;
    }
    std::vector<quarantined> quarantine() const {
        ampoule_quarantine *raw = nullptr;
        check(ampoule_chart_quarantine(get(), &raw));
        std::vector<quarantined> all;
        detail::for_all(raw, ampoule_quarantine_count, [&](ampoule_quarantine *list, std::size_t place) {
            quarantined one;
            one.author = detail::text_of(
                [&](auto text, auto size) { return ampoule_quarantine_at(list, place, &one.info, text, size); });
            all.push_back(std::move(one));
        });
        return all;
    }
    ampoule_standing adopt(const ampoule_version_id &version, std::string_view reason) {
        ampoule_standing standing;
        check(ampoule_chart_adopt(get(), &version, reason.data(), reason.size(), &standing));
        return standing;
    }
    void describe(const ampoule::patient &whom) { check(ampoule_chart_describe(get(), detail::to_patient(whom).get())); }
    std::optional<ampoule::patient> patient() const {
        ampoule_patient *raw = nullptr;
        check(ampoule_chart_patient(get(), &raw));
        if (raw == nullptr) return std::nullopt;
        return detail::patient_of(raw);
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
    /** Opens everything. `told` hears how many versions were checked; what it throws ends the program's call, not the check. */
    findings verify(const std::function<void(uint64_t)> &told = {}) const {
        struct listener {
            const std::function<void(uint64_t)> &told;
            std::exception_ptr thrown;
        } listening{told, nullptr};
        ampoule_findings *raw = nullptr;
        findings found{};
        const ampoule_told tell = [](void *ctx, uint64_t done) noexcept {
            auto *to = static_cast<listener *>(ctx);
            try {
                if (!to->thrown) to->told(done);
            } catch (...) {
                to->thrown = std::current_exception();
            }
        };
        const auto status = ampoule_vault_verify_in_detail(get(), told ? tell : nullptr, &listening, &found.report, &raw);
        const handle<ampoule_findings> list(raw);
        if (listening.thrown) std::rethrow_exception(listening.thrown);
        check(status);
        std::size_t count = 0;
        check(ampoule_findings_count(raw, &count));
        found.wrong.resize(count);
        for (std::size_t place = 0; place < count; place++) check(ampoule_findings_at(raw, place, &found.wrong[place]));
        check(ampoule_findings_not_here_count(raw, &count));
        for (std::size_t place = 0; place < count; place++) {
            not_here one;
            one.label = detail::text_of(
                [&](auto text, auto size) { return ampoule_findings_not_here_at(raw, place, &one.info, text, size); });
            found.not_here.push_back(std::move(one));
        }
        return found;
    }
    std::vector<device> devices(bool retired = false) const {
        ampoule_devices *raw = nullptr;
        check(ampoule_vault_devices(get(), retired, &raw));
        std::vector<device> all;
        detail::for_all(raw, ampoule_devices_count, [&](ampoule_devices *list, std::size_t place) {
            device one;
            one.reason =
                detail::text_of([&](auto text, auto size) { return ampoule_devices_at(list, place, &one.info, text, size); });
            all.push_back(std::move(one));
        });
        return all;
    }
    ampoule_device_id add_device(const unlock &unlock) {
        ampoule_device_id id;
        check(ampoule_vault_add_device(get(), unlock.get(), &id));
        return id;
    }
    void retire_device(const ampoule_device_id &device, std::string_view reason) {
        check(ampoule_vault_retire_device(get(), &device, reason.data(), reason.size()));
    }
    /** Patients of whose names each word begins a word, and all of them where there are no words. */
    std::vector<std::pair<ampoule_chart_id, patient>> find_patients(std::string_view words = {},
                                                                    std::string_view birth_date = {}) const {
        ampoule_patients *raw = nullptr;
        check(ampoule_vault_find_patients(get(), words.data(), words.size(), birth_date.data(), birth_date.size(), &raw));
        std::vector<std::pair<ampoule_chart_id, patient>> all;
        detail::for_all(raw, ampoule_patients_count, [&](ampoule_patients *list, std::size_t place) {
            ampoule_chart_id chart;
            ampoule_patient *found = nullptr;
            check(ampoule_patients_at(list, place, &chart, &found));
            all.emplace_back(chart, detail::patient_of(found));
        });
        return all;
    }
    /** Shows a verified contact the events of a chart: a file for any courier. */
    buffer export_audit(const contact &to, const ampoule_chart_id &chart) const {
        buffer file;
        check(ampoule_vault_export_audit(get(), to.get(), &chart, file.out()));
        return file;
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
