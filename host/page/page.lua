-- Finds the file that answers a request. What operations write is in /page: index.html, and gone/SLUG.html for each name.
-- Environment: PAGE_URL (address of the page of all previews).

local function read(path)
    local file = io.open(path, "rb")
    if not file then return nil end
    local text = file:read("*a")
    file:close()
    return text
end

local unknown = read("/usr/local/etc/haproxy/unknown.html"):gsub("@PAGE@", function() return os.getenv("PAGE_URL") end)

local function answer(host, path)
    -- A slug and nothing else becomes a part of a path.
    local slug = host:match("^preview%-([a-z0-9%-]+)%.")
    if slug and #slug < 64 then return 404, read("/page/gone/" .. slug .. ".html") or unknown end
    local index = host:match("^previews%.") and path == "/" and read("/page/index.html")
    if index then return 200, index end
    return 404, unknown
end

core.register_service("page", "http", function(applet)
    local hosts = applet.headers["host"]
    local status, text = answer((hosts and hosts[0] or ""):lower(), applet.path)
    applet:set_status(status)
    applet:add_header("content-type", "text/html; charset=utf-8")
    applet:add_header("content-length", tostring(#text))
    applet:start_response()
    if applet.method ~= "HEAD" then applet:send(text) end
end)
