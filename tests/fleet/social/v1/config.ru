# frozen_string_literal: true

require_relative 'lib/social'
require_relative 'lib/social/web'

run Social::Web.new
