-- Refuses a delta update when the base partition is not the one that the delta
-- was made from. SWUpdate calls the hook for every delta entry while it reads
-- sw-description, so also in a check (-c) and before anything is streamed.
-- Lua has no sha256 of its own: head and sha256sum do it, as busybox has them.
function check_base(image)
	local base = image.properties["rdiffbase"]
	local bytes = image.properties["base-size"]
	local expected = image.properties["base-sha256"]
	local pipe = io.popen("head -c " .. bytes .. " '" .. base .. "' | sha256sum")
	local actual = pipe and pipe:read("*l")
	if pipe then pipe:close() end
	actual = actual and actual:match("^%x+") or "unknown"
	if actual == expected then return true, image end
	swupdate.error("check-base: the base " .. base .. " has sha256 " .. actual .. " over " .. bytes .. " bytes and not " .. expected .. ": the target was not touched")
	return false, image
end
