extern "C" {

// libstdc++ counts references without locked instructions while this is true. It is, as long as the
// runtime has one m.
extern char __libc_single_threaded;
char __libc_single_threaded = 1;

} // extern "C"
