# The build fails where code of the runtime that does not ask for stack takes more than there is below a guard
# (docs/stacks.md). It needs python3 and binutils.
find_package(Python3 COMPONENTS Interpreter)
if(NOT Python3_Interpreter_FOUND)
    message(STATUS "No python3: the stack of code that does not ask for it is not added up")
    return()
endif()

# rt0_nosplit(LIBRARY ARCHIVE...): a program with all functions of rt0::LIBRARY's archives that a program can call.
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/nosplit/main.cpp CONTENT "int main() {}\n")
set(programs)
function(rt0_nosplit library)
    set(program nosplit_${library})
    set(symbols ${CMAKE_CURRENT_BINARY_DIR}/nosplit/${program}.symbols)
    list(TRANSFORM ARGN REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE archives)
    add_custom_command(OUTPUT ${symbols} VERBATIM
        COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tools/nosplit.py --symbols ${symbols} ${archives}
        DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/tools/nosplit.py)
    add_executable(${program} ${CMAKE_CURRENT_BINARY_DIR}/nosplit/main.cpp ${symbols})
    set_target_properties(${program} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/nosplit
        LINK_DEPENDS ${symbols})
    target_link_libraries(${program} PRIVATE rt0::${library})
    # What is missing has a name that nobody defines (abi/unsupported.cpp).
    target_link_options(${program} PRIVATE @${symbols} LINKER:--unresolved-symbols=ignore-all)
    set(programs ${programs} ${program} PARENT_SCOPE)
endfunction()
rt0_nosplit(rt0 rt0_archive)

list(TRANSFORM programs REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE files)
set(stamp ${CMAKE_CURRENT_BINARY_DIR}/nosplit/stamp)
add_custom_command(OUTPUT ${stamp} VERBATIM
    COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tools/nosplit.py ${PROJECT_SOURCE_DIR}/tools/nosplit.txt ${files}
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${programs} ${PROJECT_SOURCE_DIR}/tools/nosplit.py ${PROJECT_SOURCE_DIR}/tools/nosplit.txt
    COMMENT "Adding up the stack of what does not ask for it")
add_custom_target(nosplit ALL DEPENDS ${stamp})
