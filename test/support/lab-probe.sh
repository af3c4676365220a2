# Makes a host of a lab, as lab.ts does, and has it reach the hub.
set -e
ip link set lo up
ip link add br0 type bridge
ip addr add 10.77.0.1/24 dev br0
ip link set br0 up
ip netns add probe
ip link add to-probe type veth peer name eth0 netns probe
ip link set to-probe master br0 up
ip -n probe addr add 10.77.0.2/24 dev eth0
ip -n probe link set eth0 up
ip netns exec probe unshare --uts sh -c 'hostname probe && mount -t tmpfs -o ro none /mnt'
ip netns exec probe ip route get 10.77.0.1 >/dev/null
