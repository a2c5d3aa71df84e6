# frozen_string_literal: true

bind "tcp://#{ENV.fetch('BIND', '127.0.0.1')}:#{ENV.fetch('PORT', '3000')}"
workers Integer(ENV.fetch('WEB_CONCURRENCY', '2'))
threads_count = Integer(ENV.fetch('MAX_THREADS', '5'))
threads threads_count, threads_count
