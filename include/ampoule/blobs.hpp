/**
 * @file ampoule/blobs.hpp
 * A place of the program's own for the sealed content of files.
 */
#ifndef AMPOULE_BLOBS_HPP
#define AMPOULE_BLOBS_HPP

#include "store.hpp"

#include <memory>

namespace ampoule {

/** A blob that is being written. What was not finished leaves nothing when this goes. */
class blob_writer {
  public:
    virtual ~blob_writer() = default;
    virtual void append(ampoule_blob_part part, view bytes) = 0;
    /** Makes the blob durable, and lets it be opened. */
    virtual void finish() = 0;
};

/** A finished blob, read by several threads at once. */
class blob_reader {
  public:
    virtual ~blob_reader() = default;
    virtual uint64_t size(ampoule_blob_part part) = 0;
    /** Fills the memory with the bytes of a part from a place on. Returns how many there were. */
    virtual std::size_t read(ampoule_blob_part part, uint64_t offset, uint8_t *memory, std::size_t size) = 0;
};

/**
 * A place for blobs, each under a name of 16 bytes: ampoule_blob_callbacks says what each function promises, and from which threads
 * it is called. What they throw goes no further, as with a rows_store.
 */
class blob_store {
  public:
    virtual ~blob_store() = default;
    virtual std::unique_ptr<blob_writer> create(view name) = 0;
    /** Nothing where there is no such blob. */
    virtual std::unique_ptr<blob_reader> open(view name) = 0;
    virtual bool remove(view name) = 0;
    /** Adds names as keys without a value. */
    virtual void list(std::optional<view> after, std::size_t limit, rows &into) = 0;
};

namespace detail {

constexpr std::size_t BLOB_NAME = 16;

inline blob_store &blobs_of(void *ctx) noexcept { return *static_cast<blob_store *>(ctx); }

inline uint32_t blob_create(void *ctx, const uint8_t *name, void **out) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO, [&] { *out = blobs_of(ctx).create({name, BLOB_NAME}).release(); });
}
inline uint32_t blob_append(void *, void *writer, uint32_t part, const uint8_t *bytes, std::size_t size) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO, [&] {
        static_cast<blob_writer *>(writer)->append(static_cast<ampoule_blob_part>(part), {bytes, size});
    });
}
inline uint32_t blob_finish(void *, void *writer) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO, [&] { static_cast<blob_writer *>(writer)->finish(); });
}
inline void blob_end(void *, void *writer) noexcept { delete static_cast<blob_writer *>(writer); }
inline uint32_t blob_open(void *ctx, const uint8_t *name, void **out) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO, [&] { *out = blobs_of(ctx).open({name, BLOB_NAME}).release(); });
}
inline uint32_t blob_len(void *, void *reader, uint32_t part, uint64_t *out) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO,
                  [&] { *out = static_cast<blob_reader *>(reader)->size(static_cast<ampoule_blob_part>(part)); });
}
inline uint32_t blob_read(void *, void *reader, uint32_t part, uint64_t offset, uint8_t *memory, std::size_t size,
                          std::size_t *read) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO, [&] {
        *read = static_cast<blob_reader *>(reader)->read(static_cast<ampoule_blob_part>(part), offset, memory, size);
    });
}
inline void blob_close(void *, void *reader) noexcept { delete static_cast<blob_reader *>(reader); }
inline uint32_t blob_remove(void *ctx, const uint8_t *name, bool *was_there) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO, [&] { *was_there = blobs_of(ctx).remove({name, BLOB_NAME}); });
}
inline uint32_t blob_list(void *ctx, const uint8_t *after, std::size_t limit, ampoule_rows *out) noexcept {
    return caught(AMPOULE_STATUS_STORE_IO, [&] {
        rows into(out);
        blobs_of(ctx).list(after ? std::optional<view>(view(after, BLOB_NAME)) : std::nullopt, limit, into);
    });
}

} // namespace detail

} // namespace ampoule

#endif
