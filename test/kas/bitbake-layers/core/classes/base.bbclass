addtask build
do_build[nostamp] = "1"
do_build() {
    :
}
