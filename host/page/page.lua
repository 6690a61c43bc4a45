-- Finds the file that answers a request. What operations write is in /page: index.html, pictures/SLUG.webp, and
-- gone/SLUG.html for each name.
-- Environment: PAGE_URL (address of the page of all previews).

local function read(path)
    local file = io.open(path, "rb")
    if not file then return nil end
    local text = file:read("*a")
    file:close()
    return text
end

local unknown = read("/usr/local/etc/haproxy/unknown.html"):gsub("@PAGE@", function() return os.getenv("PAGE_URL") end)

local html = "text/html; charset=utf-8"

-- Status, content and its type.
local function answer(host, path)
    -- A slug and nothing else becomes a part of a path.
    local slug = host:match("^preview%-([a-z0-9%-]+)%.")
    if slug and #slug < 64 then return 404, read("/page/gone/" .. slug .. ".html") or unknown, html end
    if host:match("^previews%.") then
        local index = path == "/" and read("/page/index.html")
        if index then return 200, index, html end
        local shown = path:match("^/pictures/([a-z0-9%-]+)%.webp$")
        local picture = shown and #shown < 64 and read("/page/pictures/" .. shown .. ".webp")
        if picture then return 200, picture, "image/webp" end
    end
    return 404, unknown, html
end

core.register_service("page", "http", function(applet)
    local hosts = applet.headers["host"]
    local status, content, kind = answer((hosts and hosts[0] or ""):lower(), applet.path)
    applet:set_status(status)
    applet:add_header("content-type", kind)
    applet:add_header("content-length", tostring(#content))
    applet:start_response()
    if applet.method ~= "HEAD" then applet:send(content) end
end)
