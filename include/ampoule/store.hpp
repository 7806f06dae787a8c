/**
 * @file ampoule/store.hpp
 * Where a vault is kept: a file, memory, or a store of the program's own.
 */
#ifndef AMPOULE_STORE_HPP
#define AMPOULE_STORE_HPP

#include "core.hpp"

#include <memory>

namespace ampoule {

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
    /** As sqlite, where a writer waits so long for another, and with `relaxed` a power cut may undo the last changes. */
    static store sqlite_with(std::string_view path, uint64_t busy_timeout_ms, bool relaxed) {
        store made;
        check(ampoule_store_sqlite_with(path.data(), path.size(), busy_timeout_ms, relaxed, made.out()));
        return made;
    }
    static store memory() {
        store made;
        check(ampoule_store_memory(made.out()));
        return made;
    }
};

} // namespace ampoule

#endif
