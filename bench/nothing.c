// What any program costs here.
int main(void) { return 0; }
