/**
 * @file ampoule/batch.hpp
 * Changes that are made together, or not at all.
 */
#ifndef AMPOULE_BATCH_HPP
#define AMPOULE_BATCH_HPP

#include "chart.hpp"

namespace ampoule {

/** Changes in their order, of one or several charts: see vault::run. */
class batch : public handle<ampoule_batch> {
  public:
    batch() { check(ampoule_batch_new(out())); }

    batch &put(const chart &chart, const record &record) {
        check(ampoule_batch_put(get(), chart.get(), record.get()));
        return *this;
    }
    /** Once for each key. */
    batch &put_once(const chart &chart, std::string_view key, const record &record) {
        check(ampoule_batch_put_once(get(), chart.get(), key.data(), key.size(), record.get()));
        return *this;
    }
    batch &update(const chart &chart, const ampoule_entry_id &entry, const record &record) {
        check(ampoule_batch_update(get(), chart.get(), &entry, record.get()));
        return *this;
    }
    /** Replaces the version that was read. */
    batch &update_from(const chart &chart, const entry &read, const record &record) {
        check(ampoule_batch_update_from(get(), chart.get(), read.get(), record.get()));
        return *this;
    }
    /** Ends a conflict. */
    batch &resolve(const chart &chart, const ampoule_entry_id &entry, const record &record) {
        check(ampoule_batch_resolve(get(), chart.get(), &entry, record.get()));
        return *this;
    }
    batch &remove(const chart &chart, const ampoule_entry_id &entry) {
        check(ampoule_batch_delete(get(), chart.get(), &entry));
        return *this;
    }
    /** Makes the changes that follow on somebody's behalf. */
    batch &acting_for(const actor &actor) {
        check(ampoule_batch_acting_for(get(), actor.issuer.data(), actor.issuer.size(), actor.subject.data(),
                                       actor.subject.size(), actor.session.data(), actor.session.size(),
                                       actor.purpose.data(), actor.purpose.size()));
        return *this;
    }
};

} // namespace ampoule

#endif
