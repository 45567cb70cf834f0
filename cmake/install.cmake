# What `cmake --install` puts where, and the Debian package.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(CMAKE_INSTALL_LIBDIR lib) # the wrapper and the pkg-config files look there
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/rt0)
set(share ${CMAKE_INSTALL_DATADIR}/rt0)

install(TARGETS rt0 rt0_archive exceptions rt0_throwing EXPORT rt0
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES $<TARGET_OBJECTS:rt0_start> DESTINATION ${CMAKE_INSTALL_LIBDIR} RENAME rt0.o)
install(FILES src/rt0.wrap src/rt0-exceptions.wrap DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/rt0 DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(PROGRAMS tools/rt0-c++ DESTINATION ${CMAKE_INSTALL_BINDIR})
install(PROGRAMS tools/ld/ld tools/ld/ld.bfd tools/ld/ld.lld DESTINATION ${CMAKE_INSTALL_LIBDIR}/rt0)
install(EXPORT rt0 NAMESPACE rt0:: FILE rt0Targets.cmake DESTINATION ${package})
configure_package_config_file(cmake/rt0Config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/rt0Config.cmake
                              INSTALL_DESTINATION ${package})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/rt0ConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/rt0Config.cmake ${CMAKE_CURRENT_BINARY_DIR}/rt0ConfigVersion.cmake
        DESTINATION ${package})
foreach(name rt0 rt0-exceptions)
    configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc
            DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

# Documents, gdb scripts, and the sources that the debug information speaks of.
install(FILES README.md LICENSE CHANGELOG.md DESTINATION ${share})
install(DIRECTORY docs DESTINATION ${share})
install(DIRECTORY tools/gdb DESTINATION ${share})
install(DIRECTORY src arch DESTINATION ${share}/src PATTERN CMakeLists.txt EXCLUDE PATTERN *.wrap EXCLUDE)

set(CPACK_PACKAGE_NAME librt0-dev)
set(CPACK_PACKAGE_VENDOR "the rt0 authors")
set(CPACK_PACKAGE_CONTACT "the rt0 authors <maintainers@users.noreply.r-seed-1b65b2bd.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE amd64)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libstdc++-12-dev | libstdc++-dev")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "g++, clang, cmake, pkg-config, gdb")
include(CPack)
