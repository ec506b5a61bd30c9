-- Posts the bodies of a file, one a line, in turn. wrk ... -- FILE BEARER_TOKEN
-- Ends with one line of JSON: what wrk counted, times in microseconds.

local requests = {}
local last = 0

function init(arguments)
  local headers = {
    ["Authorization"] = "Bearer " .. arguments[2],
    ["Content-Type"] = "application/json",
  }
  for body in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency)
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"refused":%d,"lost":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, errors.status, lost,
    latency:percentile(50), latency:percentile(99)))
end
