/* A place of the program's own for the content of files, and stores that were put back. */
#include "harness.hpp"

#include <filesystem>
#include <map>
#include <mutex>

namespace {

using bytes = std::vector<uint8_t>;

bytes copy(ampoule::view from) { return {from.begin(), from.end()}; }

struct blob {
    bytes parts[2];
    bytes &of(ampoule_blob_part part) { return parts[part - 1]; }
};

struct place {
    std::mutex mutex;
    std::map<bytes, std::shared_ptr<blob>> finished;
    int open = 0;
    // Where it throws.
    std::string throws_in;
    void reach(const char *where) const {
        if (throws_in == where) throw std::runtime_error("the disk went away");
        if (throws_in == std::string("full ") + where) throw ampoule::error(AMPOULE_STATUS_STORE_FULL);
    }
};

struct counted {
    place &in;
    explicit counted(place &in) : in(in) { in.open++; }
    counted(const counted &) = delete;
    ~counted() { in.open--; }
};

struct writer : ampoule::blob_writer {
    counted here;
    bytes name;
    std::shared_ptr<blob> made = std::make_shared<blob>();
    writer(place &in, ampoule::view name) : here(in), name(copy(name)) {}
    void append(ampoule_blob_part part, ampoule::view more) override {
        here.in.reach("append");
        made->of(part).insert(made->of(part).end(), more.begin(), more.end());
    }
    void finish() override {
        const std::lock_guard<std::mutex> lock(here.in.mutex);
        here.in.finished[name] = made;
    }
};

struct reader : ampoule::blob_reader {
    counted here;
    std::shared_ptr<blob> from;
    reader(place &in, std::shared_ptr<blob> from) : here(in), from(std::move(from)) {}
    uint64_t size(ampoule_blob_part part) override { return from->of(part).size(); }
    std::size_t read(ampoule_blob_part part, uint64_t offset, uint8_t *memory, std::size_t size) override {
        here.in.reach("read");
        const auto &all = from->of(part);
        if (offset > all.size() || all.size() - offset < size) throw ampoule::error(AMPOULE_STATUS_STORE_DAMAGED);
        if (size > 0) std::memcpy(memory, all.data() + offset, size);
        return size;
    }
};

struct memory_blobs : ampoule::blob_store {
    std::shared_ptr<place> in;
    explicit memory_blobs(std::shared_ptr<place> in) : in(std::move(in)) {}
    std::unique_ptr<ampoule::blob_writer> create(ampoule::view name) override {
        in->reach("create");
        return std::make_unique<writer>(*in, name);
    }
    std::unique_ptr<ampoule::blob_reader> open(ampoule::view name) override {
        const std::lock_guard<std::mutex> lock(in->mutex);
        const auto found = in->finished.find(copy(name));
        if (found == in->finished.end()) return nullptr;
        return std::make_unique<reader>(*in, found->second);
    }
    bool remove(ampoule::view name) override {
        const std::lock_guard<std::mutex> lock(in->mutex);
        return in->finished.erase(copy(name)) > 0;
    }
    void list(std::optional<ampoule::view> after, std::size_t limit, ampoule::rows &into) override {
        const std::lock_guard<std::mutex> lock(in->mutex);
        auto next = after ? in->finished.upper_bound(copy(*after)) : in->finished.begin();
        for (; limit > 0 && next != in->finished.end(); ++next, limit--) into.add(next->first, {});
    }
};

void files_live_in_a_place_of_ones_own() {
    const auto in = std::make_shared<place>();
    {
        ampoule::options options;
        options.blobs(std::make_unique<memory_blobs>(in));
        auto vault = vault_of("Dr. Lee", 1, &options);
        auto chart = vault.create_chart();
        const bytes content(100000, 'x');
        const auto put = [&] {
            auto made = chart.create_file(ampoule::record("text/plain"));
            made.update(content);
            return made.finish();
        };
        const auto id = put();
        CHECK(in->finished.size() == 1 && chart.file(id).read_range(70000, 3).text() == "xxx");
        CHECK(vault.verify().report.files == 1);
        // What they throw becomes a status.
        in->throws_in = "create";
        CHECK(status_of(put) == AMPOULE_STATUS_STORE_IO);
        in->throws_in = "full append";
        CHECK(status_of(put) == AMPOULE_STATUS_STORE_FULL);
        in->throws_in = "read";
        CHECK(status_of([&] { (void)chart.file(id).read_range(0, 3); }) == AMPOULE_STATUS_STORE_IO);
        in->throws_in.clear();
        CHECK(in->finished.size() == 1 && chart.file(id).size() == content.size());
        // Its author finds out what was lost.
        in->finished.clear();
        CHECK(vault.verify().wrong.size() == 1 && chart.missing_content().size() == 1);
    }
    CHECK(in->open == 0 && in.use_count() == 1);
}

void a_store_that_was_put_back_is_taken_on() {
    const auto path = fresh_path("store"), kept = fresh_path("kept"), checkpoint = fresh_path("checkpoint");
    ampoule::options options;
    options.checkpoint_file(checkpoint);
    const auto way = ampoule::unlock::device_key({1});
    ampoule::vault::create(ampoule::store::sqlite(path), "Dr. Lee", way, &options).first.lock();
    std::filesystem::copy(path, kept);
    {
        auto vault = ampoule::vault::open(ampoule::store::sqlite(path), way, &options);
        CHECK(vault.freshness() == AMPOULE_FRESHNESS_ANCHORED);
        vault.create_chart();
        vault.lock();
    }
    auto restored = ampoule::vault::open(ampoule::store::sqlite(kept), way, &options);
    CHECK(status_of([&] { restored.create_chart(); }) == AMPOULE_STATUS_RESTORED_COPY);
    restored.adopt_restored("the disk broke");
    CHECK(restored.freshness() == AMPOULE_FRESHNESS_ANCHORED && contains(restored.audit().text(), "the disk broke"));
}

} // namespace

const test keeping_tests[] = {
    {"files_live_in_a_place_of_ones_own", files_live_in_a_place_of_ones_own},
    {"a_store_that_was_put_back_is_taken_on", a_store_that_was_put_back_is_taken_on},
    {nullptr, nullptr},
};
