// The command line, signals and exit codes.

int main() { return 0; }
