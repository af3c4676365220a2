-- Runs check-base.sh for every entry while SWUpdate reads sw-description, so
-- also in a check (-c) and before anything is streamed. The script is in the
-- string check_base_script. Whether it passed is printed, since only newer Lua
-- versions tell the exit code of a pipe.
local function check(arguments)
	local pipe = io.popen("sh -s preinst " .. arguments .. " 2>&1 <<'CHECK_BASE' && echo check-base passed\n" .. check_base_script .. "\nCHECK_BASE\n")
	local said = pipe and pipe:read("*a") or "check-base: it could not be run"
	if pipe then pipe:close() end
	local passed = said:match("check%-base passed%s*$") ~= nil
	if not passed then swupdate.error(said) end
	return passed
end

function check_base(image)
	local wanted = image.properties
	-- What the update leaves alone, and expects to be there.
	local count = 1
	while wanted["unchanged-" .. count] do
		if not check(wanted["unchanged-" .. count] .. " - -") then return false, image end
		count = count + 1
	end
	local base = table.concat({ wanted["rdiffbase"] or "-", wanted["base-size"] or "-", wanted["base-sha256"] or "-" }, " ")
	return check(base .. " " .. image.device .. " " .. (wanted["image-size"] or "-")), image
end
