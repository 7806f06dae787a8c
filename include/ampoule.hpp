/**
 * @file ampoule.hpp
 * Encrypted storage for health records, for C++17: ampoule.h with owners, exceptions and spans of bytes. Header only.
 *
 * A handle is closed when its owner goes. Owners are moved and not copied, and one that was moved from holds nothing. A failed
 * call throws ampoule::error with its status. What the library lends (ampoule::view) is there until the owner goes.
 *
 * Functions that are given to the library may throw: the exception ends the call, and comes out of it.
 *
 * Each part has a header of its own in ampoule/, and this includes all of them. get() gives what the C functions take.
 */
#ifndef AMPOULE_HPP
#define AMPOULE_HPP

#include "ampoule.h"

#include "ampoule/audit.hpp"
#include "ampoule/batch.hpp"
#include "ampoule/blobs.hpp"
#include "ampoule/chart.hpp"
#include "ampoule/contact.hpp"
#include "ampoule/core.hpp"
#include "ampoule/entry.hpp"
#include "ampoule/file.hpp"
#include "ampoule/findings.hpp"
#include "ampoule/floor.hpp"
#include "ampoule/link.hpp"
#include "ampoule/notice.hpp"
#include "ampoule/options.hpp"
#include "ampoule/patient.hpp"
#include "ampoule/record.hpp"
#include "ampoule/store.hpp"
#include "ampoule/thread.hpp"
#include "ampoule/vault.hpp"

#endif
