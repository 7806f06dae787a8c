# Ampoule::ampoule is the shared library, Ampoule::static the static one. Both are found beside this file.
get_filename_component(_ampoule_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
include("${CMAKE_CURRENT_LIST_DIR}/AmpouleNames.cmake")

if(NOT TARGET Ampoule::ampoule)
  add_library(Ampoule::ampoule SHARED IMPORTED)
  set_target_properties(Ampoule::ampoule PROPERTIES
    IMPORTED_LOCATION "${_ampoule_prefix}/lib/${_ampoule_shared}"
    IMPORTED_SONAME "${_ampoule_soname}"
    INTERFACE_INCLUDE_DIRECTORIES "${_ampoule_prefix}/include")
endif()
if(NOT TARGET Ampoule::static)
  add_library(Ampoule::static STATIC IMPORTED)
  set_target_properties(Ampoule::static PROPERTIES
    IMPORTED_LOCATION "${_ampoule_prefix}/lib/libampoule.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_ampoule_prefix}/include"
    INTERFACE_LINK_LIBRARIES "${_ampoule_private}")
endif()
