/**
 * @file ampoule/file.hpp
 * Files of a chart: read, written, and carried as they are sealed.
 */
#ifndef AMPOULE_FILE_HPP
#define AMPOULE_FILE_HPP

#include "entry.hpp"
#include "record.hpp"

namespace ampoule {

/** A version of a file. */
class file : public handle<ampoule_file> {
  public:
    using handle::handle;

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
        return detail::owner_of<ampoule::entry>(ampoule_file_entry, get());
    }
    void export_to(std::string_view path, const ampoule::progress &progress = {}) const {
        detail::guarded guarded(progress);
        guarded.check(ampoule_file_export(get(), path.data(), path.size(), guarded.function(), guarded.context()));
    }
};

/** A file that is being written. What was not finished leaves nothing. */
class file_writer : public handle<ampoule_file_writer> {
  public:
    using handle::handle;

    void update(view content) { check(ampoule_file_writer_update(get(), content.data(), content.size())); }
    ampoule_entry_id finish() {
        ampoule_entry_id id;
        check(ampoule_file_writer_finish(get(), &id, nullptr));
        return id;
    }
    /** Gives up what was begun: nothing of it is left. */
    void abandon() { check(ampoule_file_writer_abandon(get())); }
};

/** A DICOM file, as far as a viewer needs it. */
class dicom : public handle<ampoule_dicom> {
  public:
    using handle::handle;

    static dicom of(const file &file) { return detail::owner_of<dicom>(ampoule_dicom_of_file, file.get()); }
    static dicom of_path(std::string_view path) {
        return detail::owner_of<dicom>(ampoule_dicom_of_path, path.data(), path.size());
    }
    ampoule_dicom_info info() const { return detail::value_of<ampoule_dicom_info>(ampoule_dicom_get_info, get()); }
    /** The one range of the file to fetch for a frame: where it begins, and its length. */
    std::pair<uint64_t, uint64_t> frame(uint32_t number) const {
        std::pair<uint64_t, uint64_t> range;
        check(ampoule_dicom_frame(get(), number, &range.first, &range.second));
        return range;
    }
    /** Has a record, which describes the file, found by what the file says. */
    void describe(record &info) const { check(ampoule_record_set_dicom_terms(info.get(), get())); }
};

/** The content of a version of a file as it is sealed: to be sent to whom the chart is shared with. */
class sealed_content : public handle<ampoule_sealed_content> {
  public:
    using handle::handle;

    uint64_t size() const { return detail::value_of<uint64_t>(ampoule_sealed_content_len, get()); }
    /** Fills the caller's memory from a place on. Returns how many bytes there were. */
    std::size_t read_at(uint64_t offset, uint8_t *memory, std::size_t size) const {
        return detail::value_of<std::size_t>(ampoule_sealed_content_read_at, get(), offset, memory, size);
    }
};

/** Takes the sealed content of a version of a file in, and goes on where that ended before. */
class content_receiver : public handle<ampoule_content_receiver> {
  public:
    using handle::handle;

    /** From which byte on the next are wanted, and how many there are in all. */
    std::pair<uint64_t, uint64_t> wants() const {
        std::pair<uint64_t, uint64_t> range;
        check(ampoule_content_receiver_wants(get(), &range.first, &range.second));
        return range;
    }
    void update(view sealed) { check(ampoule_content_receiver_update(get(), sealed.data(), sealed.size())); }
    /** Checks that all is there and is the author's. When this returns it is durable. */
    void finish() { check(ampoule_content_receiver_finish(get())); }
    /** Removes what came. */
    void discard() { check(ampoule_content_receiver_discard(get())); }
};

/** What became of a file of a folder. */
struct outcome {
    /** An ampoule_status. */
    uint32_t status;
    ampoule_entry_id entry;
    std::string path;
};

namespace detail {

/** The list is there too where the progress threw. */
inline std::vector<outcome> outcomes_of(ampoule_outcomes *raw, guarded &guarded, uint32_t status) {
    const handle<ampoule_outcomes> owner(raw);
    guarded.check(status);
    std::vector<outcome> all;
    const auto count = value_of<std::size_t>(ampoule_outcomes_count, raw);
    for (std::size_t place = 0; place < count; place++) {
        outcome one;
        one.path = text_of(
            [&](auto text, auto size) { return ampoule_outcomes_at(raw, place, &one.status, &one.entry, text, size); });
        all.push_back(std::move(one));
    }
    return all;
}

} // namespace detail

} // namespace ampoule

#endif
