# What is installed, and the Debian package: `cpack` in the build directory.
include(GNUInstallDirs)

install(TARGETS pgstatsmon RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(FILES config/pgstatsmon.example.yaml DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples"
        RENAME pgstatsmon.yaml)
install(FILES config/web.example.yaml DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples"
        RENAME web.yaml)
install(FILES config/bpftrace/backendstat.bt config/bpftrace/querystat.bt config/bpftrace/walstat.bt
        DESTINATION "${CMAKE_INSTALL_DATADIR}/pgstatsmon/bpftrace")
install(DIRECTORY config/dashboards config/rules config/queries DESTINATION "${CMAKE_INSTALL_DATADIR}/pgstatsmon")

# The man pages, compressed as Debian wants them: gzip writes neither name nor time.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_program(GZIP gzip REQUIRED)
set(man "${PROJECT_BINARY_DIR}/man")
file(MAKE_DIRECTORY "${man}")
add_custom_command(
  OUTPUT "${man}/pgstatsmon.1" "${man}/pgstatsmon.1.gz" "${man}/pgstatsmon.yaml.5"
         "${man}/pgstatsmon.yaml.5.gz" "${man}/pgstatsmon.queries.5"
         "${man}/pgstatsmon.queries.5.gz"
  COMMAND "${CMAKE_COMMAND}" -E copy config/man/pgstatsmon.1 "${man}/pgstatsmon.1"
  COMMAND "${CMAKE_COMMAND}" -E copy config/man/pgstatsmon.queries.5
          "${man}/pgstatsmon.queries.5"
  COMMAND Python3::Interpreter -B config/man/make_yaml_page.py config/man/pgstatsmon.yaml.5.in
          config/pgstatsmon.example.yaml "${man}/pgstatsmon.yaml.5"
  COMMAND "${GZIP}" -9nkf "${man}/pgstatsmon.1" "${man}/pgstatsmon.yaml.5"
          "${man}/pgstatsmon.queries.5"
  DEPENDS config/man/pgstatsmon.1 config/man/pgstatsmon.queries.5 config/man/pgstatsmon.yaml.5.in config/man/make_yaml_page.py
          config/pgstatsmon.example.yaml
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
  VERBATIM)
add_custom_target(manual ALL DEPENDS "${man}/pgstatsmon.1.gz" "${man}/pgstatsmon.yaml.5.gz"
                                     "${man}/pgstatsmon.queries.5.gz")
# Whoever builds the program alone can install it and run every test.
add_dependencies(pgstatsmon manual)
install(FILES "${man}/pgstatsmon.1.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES "${man}/pgstatsmon.yaml.5.gz" "${man}/pgstatsmon.queries.5.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man5")

# Who packages says who answers for it: "Name <address>".
set(PGSTATSMON_MAINTAINER "pgstatsmon authors <pgstatsmon@example.org>"
    CACHE STRING "Maintainer of the Debian package")

# dpkg's own changelog, and the news that apt-listchanges shows: what changed stands in CHANGELOG.md.
foreach(file changelog NEWS)
  configure_file("config/debian/${file}.in" "${PROJECT_BINARY_DIR}/debian/${file}" @ONLY)
  execute_process(COMMAND "${GZIP}" -9nkf "${PROJECT_BINARY_DIR}/debian/${file}"
                  COMMAND_ERROR_IS_FATAL ANY)
endforeach()
install(FILES "${PROJECT_BINARY_DIR}/debian/changelog.gz" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES "${PROJECT_BINARY_DIR}/debian/NEWS.gz" DESTINATION "${CMAKE_INSTALL_DOCDIR}"
        RENAME NEWS.Debian.gz)
install(FILES config/debian/copyright DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES config/completion/pgstatsmon
        DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES README.md CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}" OPTIONAL)
# systemd and dpkg look in these places only, whatever the prefix.
install(FILES config/pgstatsmon.service config/pgstatsmon@.service config/pgstatsmon.socket
        DESTINATION /lib/systemd/system)
install(FILES config/pgstatsmon.yaml DESTINATION /etc/pgstatsmon)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME pgstatsmon)
set(CPACK_PACKAGE_CONTACT "${PGSTATSMON_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION
    "A daemon that discovers PostgreSQL servers, polls each one over a single
connection, and serves what it sees to Prometheus.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(control "${PROJECT_SOURCE_DIR}/config/debian")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${control}/conffiles" "${control}/postinst"
                                       "${control}/prerm" "${control}/postrm")
include(CPack)
