/**
 * @file ampoule/core.hpp
 * What all of the layer stands on: errors, bytes, owners of handles, lists, progress.
 */
#ifndef AMPOULE_CORE_HPP
#define AMPOULE_CORE_HPP

#include "../ampoule.h"

#include <cstring>
#include <exception>
#include <functional>
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
    /** What the C functions call it. */
    using raw = Raw;

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

/** The version of the library that is linked, as AMPOULE_VERSION says which this was compiled with. */
inline std::string_view version() { return ampoule_version(); }

namespace detail {

/** What a C function writes to its last argument. */
template <typename Value, typename Call, typename... Given> Value value_of(Call call, Given... given) {
    Value value{};
    check(call(given..., &value));
    return value;
}

/** The owner of the handle that a C function writes to its last argument. */
template <typename Owner, typename Call, typename... Given> Owner owner_of(Call call, Given... given) {
    return Owner(value_of<typename Owner::raw *>(call, given...));
}

/** The bytes that a C function writes to its last argument. */
template <typename Call, typename... Given> buffer buffer_of(Call call, Given... given) {
    buffer bytes;
    check(call(given..., bytes.out()));
    return bytes;
}

/** The ids that a C function writes to its last argument. */
template <typename Id, typename Call, typename... Given> std::vector<Id> ids_of(Call call, Given... given) {
    return buffer_of(call, given...).template ids<Id>();
}

/** Text that a handle lends. */
template <typename Call, typename... Given> std::string_view lent_by(Call call, Given... given) {
    const char *text = nullptr;
    std::size_t size = 0;
    check(call(given..., &text, &size));
    return {text, size};
}

/** Whether a list whose length is not told has this place. */
inline bool there(uint32_t status) {
    if (status == AMPOULE_STATUS_OUT_OF_RANGE) return false;
    check(status);
    return true;
}

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

} // namespace ampoule

#endif
