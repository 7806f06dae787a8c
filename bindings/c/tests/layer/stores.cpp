/* Stores and keepers of the program's own. */
#include "harness.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <tuple>

namespace {

// A store in memory: each state is a map that does not change, which shares its values with the one before.
using bytes = std::vector<uint8_t>;
using place = std::tuple<uint32_t, bytes, bytes>;
using state = std::map<place, std::shared_ptr<const bytes>>;

bytes copy(ampoule::view from) { return {from.begin(), from.end()}; }

struct memory {
    std::mutex mutex;
    std::condition_variable free;
    bool writing = false;
    std::shared_ptr<const state> now = std::make_shared<state>();
    uint64_t generation = 1;
    // Where it throws, and what.
    std::string throws_in;
    void reach(const char *where) const {
        if (throws_in == where) throw std::runtime_error("the database went away");
        if (throws_in == std::string("full ") + where) throw ampoule::error(AMPOULE_STATUS_STORE_FULL);
    }
};

struct memory_change : ampoule::rows_change {
    memory &of;
    state rows;
    uint64_t since;
    bool writes;

    memory_change(memory &of, bool writes) : of(of), writes(writes) {
        std::unique_lock<std::mutex> lock(of.mutex);
        if (writes) {
            if (!of.free.wait_for(lock, std::chrono::milliseconds(200), [&] { return !of.writing; })) {
                throw ampoule::error(AMPOULE_STATUS_STORE_BUSY);
            }
            of.writing = true;
        }
        rows = *of.now;
        since = of.generation;
    }
    ~memory_change() override {
        if (!writes) return;
        const std::lock_guard<std::mutex> lock(of.mutex);
        of.writing = false;
        of.free.notify_one();
    }
    uint64_t generation() override { return since; }
    void give(state::const_iterator row, ampoule::rows &into) { into.add(std::get<2>(row->first), *row->second); }
    void get(uint32_t table, ampoule::view part, ampoule::view key, ampoule::rows &into) override {
        of.reach("get");
        const auto found = rows.find({table, copy(part), copy(key)});
        if (found != rows.end()) give(found, into);
    }
    void scan(uint32_t table, ampoule::view part, std::optional<ampoule::view> after, std::size_t limit,
              ampoule::rows &into) override {
        const auto whose = copy(part);
        auto row = after ? rows.upper_bound({table, whose, copy(*after)}) : rows.lower_bound({table, whose, {}});
        for (; limit > 0 && row != rows.end() && std::get<0>(row->first) == table && std::get<1>(row->first) == whose; ++row) {
            give(row, into);
            limit--;
        }
    }
    void last(uint32_t table, ampoule::view part, ampoule::rows &into) override {
        const auto whose = copy(part);
        auto next = whose;
        next.push_back(0); // the part that comes after, if there is one
        auto row = rows.lower_bound({table, next, {}});
        if (row == rows.begin()) return;
        --row;
        if (std::get<0>(row->first) == table && std::get<1>(row->first) == whose) give(row, into);
    }
    void put(uint32_t table, ampoule::view part, ampoule::view key, ampoule::view value) override {
        of.reach("put");
        rows[{table, copy(part), copy(key)}] = std::make_shared<bytes>(copy(value));
    }
    bool remove(uint32_t table, ampoule::view part, ampoule::view key) override {
        return rows.erase({table, copy(part), copy(key)}) > 0;
    }
    std::optional<uint64_t> commit() override {
        of.reach("commit");
        const std::lock_guard<std::mutex> lock(of.mutex);
        of.now = std::make_shared<state>(rows);
        return ++of.generation;
    }
};

struct memory_store : ampoule::rows_store {
    std::shared_ptr<memory> rows;
    explicit memory_store(std::shared_ptr<memory> rows) : rows(std::move(rows)) {}
    std::unique_ptr<ampoule::rows_view> read() override {
        rows->reach("read");
        return rows->throws_in == "nothing" ? nullptr : std::make_unique<memory_change>(*rows, false);
    }
    std::unique_ptr<ampoule::rows_change> write() override { return std::make_unique<memory_change>(*rows, true); }
};

ampoule::store store_on(const std::shared_ptr<memory> &rows) {
    return ampoule::store::of(std::make_unique<memory_store>(rows));
}

void a_store_of_ones_own_keeps_a_vault() {
    const auto trial = std::make_shared<memory>();
    const auto broken = store_on(trial).broken_promises();
    CHECK(broken.text().empty());
    if (!broken.text().empty()) std::printf("# %s\n", std::string(broken.text()).c_str());
    const auto rows = std::make_shared<memory>();
    ampoule_chart_id chart;
    ampoule_entry_id id;
    {
        auto vault = ampoule::vault::create(store_on(rows), "Dr. Lee", ampoule::unlock::device_key({1})).first;
        auto founded = vault.create_chart();
        chart = founded.id();
        id = founded.put(ampoule::record("text/plain", ampoule::view("note")));
    }
    CHECK(rows.use_count() == 1);
    const auto vault = ampoule::vault::open(store_on(rows), ampoule::unlock::device_key({1}));
    CHECK(vault.chart(chart).entry(id).content().text() == "note");
    uint64_t told = 0;
    const auto found = vault.verify([&](uint64_t done) {
        told = done;
        return true;
    });
    CHECK(found.report.versions == 1 && found.wrong.empty() && found.not_here.empty() && told == 1);
}

void h56_a_store_that_throws_is_an_error_of_the_store() {
    const auto rows = std::make_shared<memory>();
    auto vault = ampoule::vault::create(store_on(rows), "Dr. Lee", ampoule::unlock::device_key({1})).first;
    auto chart = vault.create_chart();
    const ampoule::record note("text/plain", ampoule::view("note"));
    const auto status = [&](const char *where) {
        rows->throws_in = where;
        const auto of = status_of([&] { chart.put(note); });
        rows->throws_in.clear();
        return of;
    };
    CHECK(status("put") == AMPOULE_STATUS_STORE_IO);
    CHECK(status("full put") == AMPOULE_STATUS_STORE_FULL);
    CHECK(status("commit") == AMPOULE_STATUS_STORE_UNCERTAIN);
    for (const char *where : {"read", "get", "nothing"}) {
        rows->throws_in = where;
        const auto of = status_of([&] { ampoule::vault::open(store_on(rows), ampoule::unlock::device_key({1})); });
        CHECK(of == AMPOULE_STATUS_STORE_IO);
    }
    rows->throws_in.clear();
    CHECK(ampoule::vault::open(store_on(rows), ampoule::unlock::device_key({1})).charts().size() == 1);
}

struct forgetful_keeper : ampoule::checkpoint_keeper {
    std::shared_ptr<std::optional<bytes>> kept;
    explicit forgetful_keeper(std::shared_ptr<std::optional<bytes>> kept) : kept(std::move(kept)) {}
    std::optional<bytes> load() override {
        if (*kept && (*kept)->empty()) throw std::runtime_error("the keystore is locked");
        return *kept;
    }
    void save(ampoule::view checkpoint) override { *kept = copy(checkpoint); }
};

void h56_a_keeper_that_throws_is_one_that_cannot_be_reached() {
    const auto kept = std::make_shared<std::optional<bytes>>();
    const auto rows = std::make_shared<memory>();
    const auto options = [&] {
        ampoule::options made;
        made.keeper(std::make_unique<forgetful_keeper>(kept));
        return made;
    };
    const auto first = options();
    ampoule::vault::create(store_on(rows), "Dr. Lee", ampoule::unlock::device_key({1}), &first).first.lock();
    CHECK(kept->has_value());
    CHECK(status_of([&] { ampoule::vault::open(store_on(rows), ampoule::unlock::device_key({1}), &first); }) == AMPOULE_STATUS_OK);
    (*kept)->clear();
    CHECK(status_of([&] { ampoule::vault::open(store_on(rows), ampoule::unlock::device_key({1}), &first); }) ==
          AMPOULE_STATUS_KEEPER_UNAVAILABLE);
}

} // namespace

const test store_tests[] = {
    {"a_store_of_ones_own_keeps_a_vault", a_store_of_ones_own_keeps_a_vault},
    {"h56_a_store_that_throws_is_an_error_of_the_store", h56_a_store_that_throws_is_an_error_of_the_store},
    {"h56_a_keeper_that_throws_is_one_that_cannot_be_reached", h56_a_keeper_that_throws_is_one_that_cannot_be_reached},
    {nullptr, nullptr},
};
