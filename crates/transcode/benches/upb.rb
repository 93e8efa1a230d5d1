# Times upb's JSON against ours: `ruby upb.rb BENCH CORPUS [--fast] [NAME]...`, which `upb.sh` calls.
#
# Every turn is a new process that warms up, converts for a while and prints the nanoseconds of CPU time that one
# conversion took: ours is the bench with `--alone`, upb's this script with `--alone`. They take turns so that
# whatever else the machine does meets both; a ratio is the median of those of the single turns.

require "google/protobuf"
require "google/protobuf/timestamp_pb"
require "rbconfig"

DIRECTIONS = %w[json_to_wire wire_to_json].freeze
SHAPES = { "json_to_wire" => %w[a b c c-pretty c-shuffled d e], "wire_to_json" => %w[a b c d e] }.freeze
SECONDS = 0.4

def cpu_time
  Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID)
end

def median(values)
  values.sort[values.size / 2]
end

# The files of a descriptor set, each as bytes: field 1 of a FileDescriptorSet, nothing else being in it.
def files(set)
  files = []
  at = 0
  varint = lambda do
    value = shift = 0
    loop do
      byte = set.getbyte(at)
      at += 1
      value |= (byte & 0x7f) << shift
      shift += 7
      return value if byte < 0x80
    end
  end
  while at < set.bytesize
    raise "not a descriptor set" unless varint.call == 10
    size = varint.call
    files << set.byteslice(at, size)
    at += size
  end
  files
end

def message_class(corpus, shape)
  pool = Google::Protobuf::DescriptorPool.generated_pool
  # Ruby's package brings Timestamp along.
  files(File.binread("#{corpus}/shapes.binpb"))
    .reject { |file| file.include?("google/protobuf/timestamp.proto") && !file.include?("shapes.proto") }
    .each { |file| pool.add_serialized_file(file) }
  pool.lookup(File.read("#{corpus}/#{shape}.type")).msgclass
end

# Nanoseconds of one conversion by upb.
def alone(corpus, direction, shape)
  type = message_class(corpus, shape)
  json = File.read("#{corpus}/#{shape}.json", encoding: "UTF-8")
  wire = File.binread("#{corpus}/#{shape}.binpb")
  convert, want = if direction == "json_to_wire"
    [-> { type.encode(type.decode_json(json)) }, ->(result) { type.decode(result) }]
  else
    [-> { type.encode_json(type.decode(wire)) }, ->(result) { type.decode_json(result) }]
  end
  raise "upb made another message of #{shape}" unless want.call(convert.call) == type.decode(wire)

  # Slices of some milliseconds, as the bench has them, and their median.
  repetitions = 1
  loop do
    start = cpu_time
    repetitions.times { convert.call }
    break if cpu_time - start > 0.004
    repetitions *= 2
  end
  times = []
  finish = cpu_time + SECONDS
  while cpu_time < finish || times.size < 5
    start = cpu_time
    repetitions.times { convert.call }
    times << (cpu_time - start) / repetitions * 1e9
  end
  median(times)
end

def run(*command)
  output = IO.popen(command, &:read)
  abort "#{command.join(' ')} failed" unless $?.success?
  output.to_f
end

def compare(bench, corpus, names)
  fast = names.delete("--fast")
  unknown = names - DIRECTIONS - SHAPES.values.flatten
  abort "#{unknown.first.inspect} is none of #{(DIRECTIONS + SHAPES['json_to_wire']).join(', ')}" unless unknown.empty?
  wanted = ->(all) { (all & names).empty? ? all : all & names }
  wanted.call(DIRECTIONS).each do |direction|
    logs = {}
    # No shape of this direction is wanted when all that are named belong to the other.
    shapes = (names & SHAPES.values.flatten).empty? ? SHAPES[direction] : SHAPES[direction] & names
    shapes.each do |shape|
      turns = Array.new(fast ? 3 : 9) do
        [run(bench, "--alone", direction, shape),
         run(RbConfig.ruby, __FILE__, "--alone", corpus, direction, shape)]
      end
      ours, upb = turns.transpose.map { |times| median(times) }
      puts format("time %s %s ours %.0f ns", direction, shape, ours)
      puts format("time %s %s upb %.0f ns", direction, shape, upb)
      ratio = median(turns.map { |mine, theirs| theirs / mine })
      puts format("ratio %s %s upb %.2f", direction, shape, ratio)
      $stdout.flush
      logs[shape] = Math.log(ratio)
    end
    next unless %w[a b c].all? { |shape| logs.key?(shape) }
    puts format("ratio %s structured upb %.2f", direction, Math.exp(logs.values_at("a", "b", "c").sum / 3))
  end
end

if ARGV.first == "--alone"
  puts alone(*ARGV.drop(1))
else
  compare(ARGV[0], ARGV[1], ARGV.drop(2))
end
