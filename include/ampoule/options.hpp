/**
 * @file ampoule/options.hpp
 * Ways into a vault, and what it is opened with.
 */
#ifndef AMPOULE_OPTIONS_HPP
#define AMPOULE_OPTIONS_HPP

#include "blobs.hpp"
#include "store.hpp"

#include <array>
#include <atomic>
#include <memory>

namespace ampoule {

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
    /** Costs of Argon2id for the passphrase, when this way is added to a vault. */
    unlock &passphrase_cost(uint32_t memory_kib, uint32_t passes, uint32_t lanes) {
        check(ampoule_unlock_set_passphrase_cost(get(), memory_kib, passes, lanes));
        return *this;
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

/** A clock that is told by the program, and the last that it told. */
struct clock {
    std::function<int64_t()> now;
    std::atomic<int64_t> last{0};
};

inline int64_t tell_time(void *ctx) noexcept {
    auto *of = static_cast<clock *>(ctx);
    (void)caught(AMPOULE_STATUS_CALLBACK_FAILED, [&] { of->last = of->now(); });
    return of->last;
}

using event_sink = std::function<void(const ampoule_event &)>;

inline void tell_event(void *ctx, const ampoule_event *event) noexcept {
    (void)caught(AMPOULE_STATUS_CALLBACK_FAILED, [&] { (*static_cast<event_sink *>(ctx))(*event); });
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
    options &suite(ampoule_suite suite) {
        check(ampoule_options_set_suite(get(), suite));
        return *this;
    }
    options &also_accept(ampoule_suite suite) {
        check(ampoule_options_also_accept(get(), suite));
        return *this;
    }
    options &receipts(ampoule_receipts receipts) {
        check(ampoule_options_set_receipts(get(), receipts));
        return *this;
    }
    options &idle_lock(uint64_t after_ms) {
        check(ampoule_options_set_idle_lock(get(), after_ms));
        return *this;
    }
    options &threads(uint32_t threads) {
        check(ampoule_options_set_threads(get(), threads));
        return *this;
    }
    /** Takes the time from here, in milliseconds since 1970. Where it throws, the time is what it last told. */
    options &clock(std::function<int64_t()> now) {
        auto kept = std::make_unique<detail::clock>();
        kept->now = std::move(now);
        check(ampoule_options_set_clock(get(), detail::tell_time, kept.get(), detail::destroy<detail::clock>));
        (void)kept.release();
        return *this;
    }
    /** Is told every event of the audit, during its call. What it throws goes no further. */
    options &event_sink(detail::event_sink tell) {
        auto kept = std::make_unique<detail::event_sink>(std::move(tell));
        check(ampoule_options_set_event_sink(get(), detail::tell_event, kept.get(), detail::destroy<detail::event_sink>));
        (void)kept.release();
        return *this;
    }
    options &blobs(std::unique_ptr<blob_store> blobs) {
        const ampoule_blob_callbacks calls = {sizeof(ampoule_blob_callbacks), detail::blob_create, detail::blob_append,
                                              detail::blob_finish, detail::blob_end, detail::blob_open, detail::blob_len,
                                              detail::blob_read, detail::blob_close, detail::blob_remove, detail::blob_list};
        check(ampoule_options_set_blobs(get(), &calls, blobs.get(), detail::destroy<blob_store>));
        (void)blobs.release();
        return *this;
    }
    options &keeper(std::unique_ptr<checkpoint_keeper> keeper) {
        check(ampoule_options_set_keeper(get(), detail::load, detail::save, keeper.get(),
                                         detail::destroy<checkpoint_keeper>));
        (void)keeper.release();
        return *this;
    }
};

} // namespace ampoule

#endif
